"""Borg on the client in trouble: cut, killed or stopped, nothing counts, nothing is left, and the next run is good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.on_client import assert_client_is_clean
from tests.e2e.harness.pulling import Pulling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine

_ALL_WORDS = (
    "for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/cmdline; tr '\\0' '\\n' < $p/environ; done 2>/dev/null; true"
)


@pytest.fixture(scope="module")
def pushing(lab: Lab, shared_appliance: ApplianceUnderTest, shared_machine: Machine) -> Iterator[Pulling]:
    found = Pulling.set_up(shared_appliance, shared_machine, "--method", "socat")
    yield found
    lab.sweep(f"{found.proxy.host}$")


def test_a_connection_that_is_cut_in_the_middle_keeps_nothing(pushing: Pulling) -> None:
    seen = pushing.watched(lambda: pushing.proxy.tell("cut"))

    pushing.assert_nothing_counts(seen, code=3, outcome="failed", reason="connection_lost", sentence="broke")
    pushing.assert_next_run_is_good()
    assert_client_is_clean(pushing.machine)


def test_a_run_that_is_stopped_leaves_no_borg_on_the_client(pushing: Pulling) -> None:
    seen = pushing.watched(lambda: pushing.appliance.borgpull("stop", pushing.client))

    pushing.assert_nothing_counts(seen, code=4, outcome="interrupted", reason="stopped", sentence="stopped")
    assert_client_is_clean(pushing.machine)
    pushing.assert_next_run_is_good()


def test_a_pull_container_that_is_killed_leaves_nothing_that_the_next_run_does_not_clear(pushing: Pulling) -> None:
    pushing.watched(lambda: docker("kill", pushing.container))

    assert pushing.appliance.last_run(pushing.client)["outcome"] == "interrupted"
    pushing.assert_next_run_is_good()
    assert_client_is_clean(pushing.machine)


def test_a_client_that_is_switched_off_leaves_a_socket_that_is_in_nobodys_way(pushing: Pulling) -> None:
    seen = pushing.watched(pushing.machine.kill)

    assert seen.returncode == 3, seen.stdout
    assert pushing.appliance.last_run(pushing.client)["reason"] == "connection_lost"
    pushing.machine.start()
    # The socket of the dead run is still there: nobody could remove it.
    assert pushing.machine.exec("sh", "-c", "ls /root/.cache/borgpull/run/*/borg.sock").stdout.strip()
    pushing.assert_next_run_is_good()
    assert_client_is_clean(pushing.machine)


def test_the_passphrase_is_in_nobodys_words_or_environment(pushing: Pulling) -> None:
    passphrase = pushing.appliance.read(f"/config/secrets/{pushing.client}/passphrase").strip()
    run_id = pushing.begin()

    seen = [
        pushing.machine.exec("sh", "-c", _ALL_WORDS).stdout,
        docker("exec", pushing.container, "sh", "-c", _ALL_WORDS).stdout,
        docker("inspect", pushing.container).stdout,
    ]
    pushing.proxy.tell("calm")

    assert pushing.recorded(run_id)["outcome"] == "success"
    assert all("borg" in text for text in seen)
    assert len(passphrase) > 40
    assert not any(passphrase in text for text in seen)


def test_the_run_needs_no_right_at_all(pushing: Pulling) -> None:
    run_id = pushing.begin()

    rights = docker("exec", pushing.container, "grep", "-h", "-E", "^(Uid|CapEff|CapBnd)", "/proc/1/status").stdout
    pushing.proxy.tell("calm")

    assert pushing.recorded(run_id)["outcome"] == "success"
    assert rights.split() == [
        *("Uid:", "1000", "1000", "1000", "1000"),
        *("CapEff:", "0" * 16),
        *("CapBnd:", "0" * 16),
    ]
    wait_for(lambda: not pushing.is_container_running(), within=60, what="the container ended")
