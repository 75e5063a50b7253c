"""The promise: a pull goes on in its own container whatever happens to the supervisor, and is recorded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker, wait_for

if TYPE_CHECKING:
    from tests.e2e.harness.pulling import Pulling


def _assert_recorded_as_success(pulling: Pulling, run_id: str) -> None:
    run = pulling.recorded(run_id)
    assert (run["outcome"], run["reason"]) == ("success", None), run
    assert run["archive"]["name"] in pulling.good_archives()
    assert pulling.final_archives() == pulling.good_archives()
    pulling.assert_nothing_is_left()


def test_a_pull_goes_on_when_the_supervisor_is_killed_and_is_adopted_by_the_next(pulling: Pulling) -> None:
    run_id = pulling.begin()

    pulling.appliance.kill()

    assert pulling.is_container_running()
    pulling.appliance.start()
    pulling.proxy.tell("calm")
    _assert_recorded_as_success(pulling, run_id)


def test_a_pull_that_ended_while_the_supervisor_was_dead_is_recorded_when_it_is_back(pulling: Pulling) -> None:
    run_id = pulling.begin()
    pulling.appliance.kill()
    pulling.proxy.tell("calm")
    wait_for(lambda: not pulling.is_container_running(), within=60, what="the pull ends without a supervisor")

    pulling.appliance.start()

    _assert_recorded_as_success(pulling, run_id)


def test_stopping_the_supervisor_leaves_the_pull_running(pulling: Pulling) -> None:
    run_id = pulling.begin()

    pulling.appliance.stop()

    ended = docker("inspect", "--format", "{{.State.ExitCode}}", pulling.appliance.supervisor).stdout.strip()
    assert ended == "0", pulling.appliance.log()
    assert pulling.is_container_running()
    pulling.appliance.start()
    pulling.proxy.tell("calm")
    _assert_recorded_as_success(pulling, run_id)


def test_a_new_container_of_the_supervisor_adopts_the_pull_as_after_an_upgrade(pulling: Pulling) -> None:
    run_id = pulling.begin()

    docker("rm", "--force", pulling.appliance.supervisor)
    pulling.appliance.create(paused=False)

    assert pulling.is_container_running()
    pulling.proxy.tell("calm")
    _assert_recorded_as_success(pulling, run_id)
