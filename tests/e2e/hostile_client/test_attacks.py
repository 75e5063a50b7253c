"""The promise: what a client does in its session harms nobody but its own run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.hostile import HostileClient
from tests.e2e.harness.outside import outside_archives, outside_borg

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine


def _contents(appliance: ApplianceUnderTest, client: str) -> str:
    return appliance.shell(f"cd /repos/{client}; find config data -type f | sort | xargs sha256sum").stdout


@pytest.mark.parametrize("place", ["/repos/other", "/.borgpull", "/.borgpull/repository/../../repos/other"])
def test_another_repository_is_refused(
    shared_appliance: ApplianceUnderTest, shared_machine: Machine, place: str
) -> None:
    name = f"nosy-{len(place)}"
    client = HostileClient(shared_appliance, shared_machine, name)
    before = _contents(shared_appliance, name)

    done = client.run_evil(f"borg init -e none ssh://borgpull{place} >&2; exit $?")

    run = client.last()
    assert done.returncode == 3, done.stdout + done.stderr
    assert (run["outcome"], run["archive"]) == ("failed", None)
    assert "not allowed" in run["message"], run
    assert _contents(shared_appliance, name) == before
    client.assert_clean()
    client.good_run()


def test_a_broken_lock_does_no_harm(shared_appliance: ApplianceUnderTest, shared_machine: Machine) -> None:
    client = HostileClient(shared_appliance, shared_machine, "breaker")
    names = shared_appliance.archives("breaker")

    done = client.run_evil("borg break-lock $REPO >&2; exit 0")

    assert done.returncode == 3, done.stdout + done.stderr
    client.assert_clean()
    assert outside_archives(shared_appliance, "breaker") == names
    assert outside_borg(shared_appliance, "breaker", "check", "--verify-data").returncode == 0
    client.good_run()


def test_a_replaced_key_is_put_back(shared_appliance: ApplianceUnderTest, shared_machine: Machine) -> None:
    client = HostileClient(shared_appliance, shared_machine, "locksmith")
    names = shared_appliance.archives("locksmith")
    before = _contents(shared_appliance, "locksmith")

    done = client.run_evil("borg key change-passphrase $REPO >&2; exit 0")

    client.assert_failed(done, "tampering", "replaced the key")
    assert _contents(shared_appliance, "locksmith") == before
    assert outside_archives(shared_appliance, "locksmith") == names
    client.good_run()


def test_more_than_the_quota_is_refused_and_less_is_good(
    shared_appliance: ApplianceUnderTest, shared_machine: Machine
) -> None:
    client = HostileClient(shared_appliance, shared_machine, "greedy")
    file = "/config/clients.d/greedy.toml"
    shared_appliance.write_config(shared_appliance.read(file).rstrip() + '\nquota = "20M"\n', file)
    names = shared_appliance.archives("greedy")
    shared_machine.exec("sh", "-c", "head -c 40000000 /dev/urandom >/srv/greedy/much")

    client.assert_failed(shared_appliance.run("greedy"), "quota")
    assert outside_archives(shared_appliance, "greedy") == names

    shared_machine.exec("rm", "/srv/greedy/much")
    client.good_run()
    assert outside_borg(shared_appliance, "greedy", "check").returncode == 0


_TWICE = """
    /usr/bin/borg "$@" & real=$!
    until pgrep -f '[b]org[.]sock' >/dev/null; do kill -0 $real || break; done
    borg list $REPO >/root/during 2>&1; echo "code $?" >>/root/during
    wait $real; code=$?
    borg list $REPO >/root/after 2>&1; echo "code $?" >>/root/after
    exit $code
"""


def test_a_second_session_gets_nothing(shared_appliance: ApplianceUnderTest, shared_machine: Machine) -> None:
    client = HostileClient(shared_appliance, shared_machine, "twice")
    (first,) = shared_appliance.archives("twice")

    done = client.run_evil(_TWICE)

    # Whoever of the two came first had the only session.
    during, after = (shared_machine.exec("cat", f"/root/{when}").stdout for when in ("during", "after"))
    assert "code 0" not in after
    assert first not in after
    assert (done.returncode == 0) == ("code 0" not in during), done.stdout + done.stderr + during
    assert "unreadable" not in done.stdout
    client.assert_clean()
    client.good_run()


def test_archives_that_the_client_names_itself_do_not_count(
    shared_appliance: ApplianceUnderTest, shared_machine: Machine
) -> None:
    appliance = shared_appliance
    client = HostileClient(appliance, shared_machine, "forger")
    (good,) = appliance.archives("forger")
    forged = "forger-2030-01-01T00:00:00"

    done = client.run_evil(f"borg create $REPO::{forged} /etc/hostname >&2; exit 0")
    again = client.good_run()

    assert done.returncode == 3, done.stdout + done.stderr
    found = {one["name"]: one["in_ledger"] for one in appliance.json("archives", "forger")}
    assert found == {good: True, again: True, forged: False}
    assert appliance.status("forger")["archives"] == 2

    pruned = appliance.run("forger", "--operation", "prune")
    assert pruned.returncode == 3
    assert client.last()["reason"] == "tampering"
    assert forged in client.last()["message"]
    assert forged in appliance.borgpull("repair", "forger").stdout
    appliance.borgpull("repair", "forger", "--delete-strangers", "--yes")
    assert appliance.run("forger", "--operation", "prune").returncode == 0
    assert forged not in outside_archives(appliance, "forger")
