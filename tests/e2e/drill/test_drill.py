"""A drill: a sample of the newest archive comes back, is as it should be, and as it is on the client; or it says no."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.by_hand import borg_by_hand
from tests.e2e.harness.engine import wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.restoring import archived, damage

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.engine import Completed
    from tests.e2e.harness.shared import Shared

CANARIES = "empty file, fifo, file, file of a foreign name, folder, hard link, program, set-id file, symbolic link"


def drilled(appliance: ApplianceUnderTest, client: str, code: int = 0) -> Completed:
    """Run a drill, and insist on the exit code."""
    done = appliance.borgpull("run", client, "--operation", "drill", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def _sentence(appliance: ApplianceUnderTest, client: str) -> str:
    alarms = [one for one in appliance.json("alarms") if (one["client"], one["kind"]) == (client, "mismatch")]
    return "".join(one["sentence"] for one in alarms)


@pytest.mark.parametrize(("kind", "method"), [("trixie", "sshfs"), ("trixie", "socat"), ("nas", "sshfs")])
def test_what_comes_back_is_what_the_client_has(shared: Shared, kind: str, method: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine(kind), f"drill-{kind}-{method}"
    appliance.add_client(client, machine, "--method", method, "--path", "/srv/tree")
    assert appliance.run(client).returncode == 0

    drilled(appliance, client)

    last = appliance.last_run(client)
    assert (last["operation"], last["outcome"], last["reason"]) == ("drill", "success", None)
    assert "came back as its list says" in last["message"]
    assert f"are the same on {client} now" in last["message"]
    assert "have changed or gone since" not in last["message"], last["message"]
    if method == "socat":
        # An archive of Borg on the machine has hard links too.
        assert CANARIES in last["message"], last["message"]
    assert_nothing_is_left(appliance, client, machine)
    # Of Borg's cache nothing; what an earlier pull has seen is known still.
    kept = ["pullfs-seen"] if method == "sshfs" else []
    assert appliance.shell(f"ls /state/cache/{client}").stdout.split() == [*kept, "sample.json"]
    (state,) = appliance.json("status", client)
    assert (state["last_upkeep"]["drill"]["outcome"], state["state"]) == ("success", "ok")


def test_content_that_changed_behind_its_own_time_is_a_mismatch(shared: Shared) -> None:
    appliance, machine = shared.appliance, shared.machine("trixie")
    machine.exec(
        "sh", "-euc", "mkdir -p /srv/rot; cd /srv/rot; echo photo > photo; echo later > later; echo gone > gone"
    )
    appliance.add_client("rot", machine, "--path", "/srv/rot")
    assert appliance.run("rot").returncode == 0
    machine.exec("sh", "-euc", "cd /srv/rot; touch -r photo /tmp/when; echo phot0 > photo; touch -r /tmp/when photo")
    machine.exec("sh", "-euc", "cd /srv/rot; echo LATER > later; touch -d '2030-01-01' later; rm gone")

    drilled(appliance, "rot", code=3)

    last = appliance.last_run("rot")
    assert last["reason"] == "mismatch"
    assert last["warnings"] == ["srv/rot/photo: differs from the client's"]
    # The supervisor looks for alarms when it has seen the run end, a moment after who asked for it.
    wait_for(lambda: "srv/rot/photo" in _sentence(appliance, "rot"), within=60, what="the alarm")
    machine.exec("rm", "-rf", "/srv/rot")


def test_damage_in_the_repository_fails_the_drill(shared: Shared) -> None:
    appliance = shared.appliance
    machine = archived(appliance, shared.machine("trixie"), "hurt-drill")
    (archive,) = appliance.archives("hurt-drill")
    damage(appliance, "hurt-drill", archive, "srv/hurt-drill/sub/21")

    drilled(appliance, "hurt-drill", code=3)

    last = appliance.last_run("hurt-drill")
    assert last["reason"] == "integrity"
    assert "srv/hurt-drill/sub/21" in last["message"]
    assert_nothing_is_left(appliance, "hurt-drill", machine)
    machine.exec("rm", "-rf", "/srv/hurt-drill")


def test_an_archive_that_is_gone_fails_the_drill(shared: Shared) -> None:
    appliance, machine = shared.appliance, shared.machine("trixie")
    appliance.add_client("robbed", machine, "--path", "/srv/tree")
    assert appliance.run("robbed").returncode == 0
    assert appliance.run("robbed").returncode == 0
    borg_by_hand(appliance, "robbed", f"delete ::{appliance.archives('robbed')[0]}")

    drilled(appliance, "robbed", code=3)

    assert appliance.last_run("robbed")["reason"] == "tampering"


def test_a_client_that_is_away_is_a_warning_and_its_archive_is_tried_all_the_same(
    shared: Shared, start_machine: StartMachine
) -> None:
    appliance, machine = shared.appliance, start_machine("trixie")
    appliance.add_client("away", machine, "--path", "/srv/tree")
    assert appliance.run("away").returncode == 0
    machine.kill()

    drilled(appliance, "away", code=1)

    last = appliance.last_run("away")
    assert (last["outcome"], last["reason"]) == ("warning", "unreachable")
    assert "came back as its list says" in last["message"]
    assert "Nothing was compared with the client" in last["message"]
