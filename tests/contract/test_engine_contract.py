"""What every container engine does: run against the one in memory and Docker."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from appliance.errors import DeviceMissingError, EngineError, NameTakenError, PortTakenError
from appliance.plan import places
from appliance.ports import Mount
from tests.e2e.harness.ports import free_port
from tests.fakes import Script

if TYPE_CHECKING:
    from tests.contract.engines import Stage

# A busy engine takes its time to hand a signal on.
PATIENCE = 60


def test_a_container_that_ends_tells_its_exit_code_and_when(stage: Stage) -> None:
    spec = stage.spec(Script(exit_code=3))

    stage.engine.start(spec)

    state = stage.ended(spec.name)
    assert state.name == spec.name
    assert state.started
    assert (state.exit_code, state.out_of_memory) == (3, False)
    assert state.finished is not None
    assert state.finished.tzinfo is UTC


def test_a_container_that_runs_has_no_exit_code_yet(stage: Stage) -> None:
    spec = stage.spec(Script(hangs=True))

    stage.engine.start(spec)

    state = stage.engine.inspect(spec.name)
    assert state is not None
    assert state.running
    assert (state.exit_code, state.finished) == (None, None)
    assert state.labels["borgpull.client"] == "web"


def test_lines_are_whole_from_the_first_and_end_with_the_container(stage: Stage) -> None:
    long = "x" * 100_000
    spec = stage.spec(Script(lines=("first", long, "café", "last"), errors=("not this one",)))

    stage.engine.start(spec)

    assert list(stage.engine.lines(spec.name)) == ["first", long, "café", "last"]
    assert next(iter(stage.engine.lines(spec.name))) == "first"


def test_the_log_holds_output_and_errors(stage: Stage) -> None:
    spec = stage.spec(Script(lines=("said",), errors=("complained",)))

    stage.engine.start(spec)
    stage.ended(spec.name)

    assert "said" in stage.engine.log(spec.name)
    assert "complained" in stage.engine.log(spec.name)


def test_what_it_said_has_times_and_tells_output_from_errors(stage: Stage) -> None:
    # Longer than the pieces of 16 KiB in which an engine gives lines.
    long = "x" * 40_000
    spec = stage.spec(Script(lines=("first", long, "café", "last"), errors=("complained", long)))

    stage.engine.start(spec)
    stage.ended(spec.name)

    said = list(stage.engine.said(spec.name))
    assert [line.text for line in said if not line.error] == ["first", long, "café", "last"]
    assert [line.text for line in said if line.error] == ["complained", long]
    times = [line.time for line in said if line.time is not None]
    assert len(times) == len(said)
    assert all(time.tzinfo is not None for time in times)
    assert list(stage.engine.said("contract-nobody")) == []


def test_what_it_said_so_far_can_be_had_while_it_runs(stage: Stage) -> None:
    spec = stage.spec(Script(lines=("first",), hangs=True))
    stage.engine.start(spec)
    followed = stage.engine.said(spec.name, follow=True)

    assert next(followed).text == "first"
    assert [line.text for line in stage.engine.said(spec.name)] == ["first"]
    stage.engine.stop(spec.name, PATIENCE)
    assert list(followed) == []


def test_a_second_container_of_the_name_is_refused_even_after_the_first_ended(stage: Stage) -> None:
    spec = stage.spec(Script())
    stage.engine.start(spec)
    stage.ended(spec.name)

    with pytest.raises(NameTakenError, match=spec.name):
        stage.engine.start(spec)


def test_a_removed_name_can_be_used_again(stage: Stage) -> None:
    spec = stage.spec(Script(hangs=True))
    stage.engine.start(spec)

    stage.engine.remove(spec.name)

    assert stage.engine.inspect(spec.name) is None
    stage.engine.start(spec)


def test_a_stopped_container_ends_by_the_signal(stage: Stage) -> None:
    spec = stage.spec(Script(hangs=True))
    stage.engine.start(spec)

    stage.engine.stop(spec.name, PATIENCE)

    assert stage.ended(spec.name).exit_code == 143


def test_stopping_ends_the_lines_that_somebody_reads(stage: Stage) -> None:
    spec = stage.spec(Script(lines=("first",), hangs=True))
    stage.engine.start(spec)
    lines = stage.engine.lines(spec.name)

    assert next(lines) == "first"
    stage.engine.stop(spec.name, PATIENCE)
    assert list(lines) == []


def test_a_container_that_is_not_there_is_no_error(stage: Stage) -> None:
    assert stage.engine.inspect("contract-nobody") is None
    assert list(stage.engine.lines("contract-nobody")) == []
    assert stage.engine.log("contract-nobody") == ""
    stage.engine.stop("contract-nobody", 1)
    stage.engine.remove("contract-nobody")


def test_a_missing_device_has_its_own_error_and_leaves_no_container(stage: Stage) -> None:
    spec = stage.spec(Script(), devices=("/dev/borgpull-has-none",))

    with pytest.raises(DeviceMissingError, match="/dev/borgpull-has-none"):
        stage.engine.start(spec)

    assert stage.engine.inspect(spec.name) is None


def test_a_port_of_the_host_is_had_by_one_at_a_time_and_free_after_its_end(stage: Stage) -> None:
    port = free_port()
    first, second = (
        stage.spec(Script(hangs=True), network="bridge", ports=((places.CALLBACK_PORT, port),)) for _ in range(2)
    )
    stage.engine.start(first)

    with pytest.raises(PortTakenError, match=f"port {port} of the Docker host is taken"):
        stage.engine.start(second)

    assert stage.engine.inspect(second.name) is None
    stage.engine.stop(first.name, 1)
    stage.engine.start(second)
    assert stage.engine.inspect(second.name) is not None
    stage.engine.remove(second.name)


def test_a_volume_that_does_not_exist_is_an_error_and_is_not_made(stage: Stage) -> None:
    volume = Mount(source="borgpull-contract-no-such-volume", target="/mnt/client", volume=True)
    spec = stage.spec(Script(), mounts=(volume,))

    for _ in range(2):
        with pytest.raises(EngineError, match="borgpull-contract-no-such-volume"):
            stage.engine.start(spec)

    assert stage.engine.inspect(spec.name) is None


def test_ours_are_all_that_carry_the_label_running_or_not(stage: Stage) -> None:
    running, done = stage.spec(Script(hangs=True)), stage.spec(Script(hangs=True))
    foreign = replace(stage.spec(Script(hangs=True)), labels={})
    for spec in (running, done, foreign):
        stage.engine.start(spec)
    try:
        stage.engine.stop(done.name, PATIENCE)
        stage.ended(done.name)

        found = {state.name: state.running for state in stage.engine.ours(stage.appliance_id)}
        assert found == {running.name: True, done.name: False}
        assert list(stage.engine.ours("nobody")) == []
    finally:
        stage.engine.remove(foreign.name)
