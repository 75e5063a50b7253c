"""What the supervisor does at each tick: launch, adopt, answer, stop, reap, and say how it is."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.config.load import parse
from appliance.plan.container import container_spec
from appliance.plan.events import Note, write
from appliance.plan.known_clients import IN_FORCE, NOTHING
from appliance.plan.make import plan_run
from appliance.plan.operations import UNRECORDED
from appliance.record import Operation, Outcome, Reason, RequestKind, RunRecord, Trigger
from appliance.wiring import trouble
from tests.fakes import Script
from tests.house import bad, good, house, one, record
from tests.supervised import FINE, World, hanging, until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from appliance.config.model import Appliance
    from appliance.plan.run_plan import RunPlan
    from appliance.ports import ContainerSpec, ContainerState
    from appliance.supervisor import Supervisor

NAME = "borgpull-web1"


def asked(world: World, kind: RequestKind = RequestKind.RUN, client: str = "web1", *, accept: bool = False) -> int:
    return world.journal.ask(kind, client, Operation.CREATE, accept_shrink=accept)


def answer(world: World, request_id: int) -> tuple[str, str]:
    found = world.journal.request(request_id)
    assert found is not None
    assert found.answered is not None
    return found.run_id, found.refusal


def spec(world: World, operation: str = "create", run_id: str = "run-1") -> ContainerSpec:
    identity = world.journal.fact("appliance_id") or ""
    plan = plan_run(one(), operation, run_id=run_id, now=world.clock.now(), appliance_id=identity)
    return container_spec(one(), plan, world.appliance.settings)


def let_end(world: World, supervisor: Supervisor) -> None:
    """Let every container end, and settle."""
    for name in world.left():
        world.engine.end(name, 0)
    world.settle(supervisor)


def ticked(world: World, supervisor: Supervisor) -> World:
    supervisor.tick()
    return world


def outcomes(world: World) -> Sequence[tuple[str, Outcome | None, Reason | None]]:
    return [(run.client, run.outcome, run.reason) for run in world.runs()]


class WaitingWorld(World):
    """Whoever follows a run waits at its first note, so that a tick comes to its end before that."""

    def __init__(self, appliance: Appliance, play: Callable[[ContainerSpec], Script]) -> None:
        super().__init__(appliance, play)
        self.goes_on = threading.Event()

    def _note(self, record: RunRecord, note: Note) -> None:
        assert self.goes_on.wait(60)
        super()._note(record, note)


def test_a_new_client_is_backed_up_at_once_and_only_once() -> None:
    world = World()
    supervisor = world.supervisor()

    world.settle(supervisor)
    for _ in range(50):
        supervisor.tick()
        world.clock.advance(timedelta(minutes=10))

    assert outcomes(world) == [("web1", Outcome.SUCCESS, None)]
    assert world.left() == []


def test_no_more_runs_than_max_parallel_and_an_operators_goes_first() -> None:
    world = World(house("a", "b", "c", "d", schedule='"30 2 * * *"', settings="max_parallel = 2"), hanging)
    supervisor = world.supervisor()
    request = asked(world, client="d")

    for _ in range(5):
        supervisor.tick()
    until(lambda: len(world.engine.started) == 2)

    assert next(each.labels["borgpull.client"] for each in world.engine.started) in {"a", "d"}
    assert {each.labels["borgpull.client"] for each in world.engine.started} == {"a", "d"}
    run = world.journal.run(answer(world, request)[0])
    assert run is not None
    assert run.trigger is Trigger.OPERATOR
    for name in world.left():
        world.engine.end(name, 0)
    until(lambda: len(ticked(world, supervisor).engine.started) == 4)
    let_end(world, supervisor)
    assert {outcome for _, outcome, _ in outcomes(world)} == {Outcome.SUCCESS}


def test_a_run_in_progress_is_adopted_and_recorded_by_the_next_supervisor() -> None:
    world = World(play=hanging)
    first = world.supervisor()
    first.tick()
    until(lambda: world.left() == [NAME])
    first.signals.append("stop")
    first.run()
    assert world.left() == [NAME]

    second = world.supervisor()
    second.tick()

    assert len(second.workers) == 1
    let_end(world, second)
    assert outcomes(world) == [("web1", Outcome.SUCCESS, None)]
    assert len(world.engine.started) == 1


def test_a_run_that_ended_while_no_supervisor_ran_is_recorded() -> None:
    world = World()
    world.supervisor()
    world.journal.begin(record(None))
    world.engine.play = lambda _spec: Script(lines=(write(bad(Reason.STALLED)),), exit_code=3)
    world.engine.start(spec(world))

    world.settle(world.supervisor())

    assert outcomes(world)[0] == ("web1", Outcome.FAILED, Reason.STALLED)


def test_a_run_that_ended_keeps_its_reason_however_late_it_is_found() -> None:
    said = (write(Note(level="info", message="hello")), write(bad(Reason.TAMPERING)))
    world = WaitingWorld(house("web1", timeout='"1h"'), lambda _spec: Script(lines=said, exit_code=3))
    world.supervisor()
    world.journal.begin(record(None, started=world.clock.now()))
    world.engine.start(spec(world))
    world.clock.advance(timedelta(hours=9))
    supervisor = world.supervisor()

    supervisor.tick()
    world.goes_on.set()
    world.settle(supervisor)

    assert outcomes(world)[0] == ("web1", Outcome.FAILED, Reason.TAMPERING)


def test_a_run_without_a_container_is_interrupted_and_tried_again_after_a_while() -> None:
    world = World()
    world.journal.begin(record(None, started=world.clock.now()))
    supervisor = world.supervisor()

    world.settle(supervisor)

    assert outcomes(world) == [("web1", Outcome.INTERRUPTED, Reason.KILLED)]
    world.clock.advance(timedelta(minutes=6))
    supervisor.tick()
    world.settle(supervisor)
    assert [run.trigger for run in world.runs()][-1] is Trigger.RETRY


def test_a_run_that_the_journal_lost_is_followed_and_recorded() -> None:
    world = World(play=hanging)
    supervisor = world.supervisor()
    world.engine.start(spec(world, run_id="lost"))

    supervisor.tick()
    let_end(world, supervisor)

    assert next(run.run_id for run in world.runs()) == "lost"
    assert outcomes(world)[0] == ("web1", Outcome.SUCCESS, None)


def test_a_container_whose_run_is_recorded_is_stopped_and_removed() -> None:
    world = World(play=hanging)
    supervisor = world.supervisor()
    world.journal.begin(record(None, started=world.clock.now()))
    world.journal.finish(record(Outcome.INTERRUPTED, Reason.STOPPED, started=world.clock.now()))
    world.engine.start(spec(world))

    supervisor.tick()

    until(lambda: world.left() == [])
    assert outcomes(world) == [("web1", Outcome.INTERRUPTED, Reason.STOPPED)]


def test_questions_are_left_alone_for_an_hour_and_then_removed() -> None:
    world = World(play=hanging)
    world.journal.set_fact("paused", "2026-11-22T00:00:00+00:00")
    supervisor = world.supervisor()
    world.engine.start(spec(world, "files", "files-abc123"))

    supervisor.tick()
    world.clock.advance(timedelta(minutes=59))
    supervisor.tick()
    assert len(world.left()) == 1
    world.clock.advance(timedelta(minutes=2))
    supervisor.tick()

    until(lambda: world.left() == [])


@pytest.mark.parametrize("operation", UNRECORDED)
def test_what_is_no_run_goes_on_for_hours_and_is_removed_once_it_has_ended(operation: str) -> None:
    world = World(play=hanging)
    world.journal.set_fact("paused", "2026-11-22T00:00:00+00:00")
    supervisor = world.supervisor()
    world.engine.start(spec(world, operation, f"{operation}-abc123"))

    supervisor.tick()
    world.clock.advance(timedelta(hours=5))
    supervisor.tick()
    assert world.left() == [NAME]
    world.engine.end(NAME, 0)
    world.clock.advance(timedelta(minutes=2))
    supervisor.tick()
    world.clock.advance(timedelta(minutes=2))
    supervisor.tick()

    until(lambda: world.left() == [])


def test_requests_that_cannot_be_done_are_refused_with_a_sentence() -> None:
    world = World(play=hanging)
    old = asked(world)
    world.clock.advance(timedelta(hours=1))
    supervisor = world.supervisor()
    supervisor.tick()
    until(lambda: world.left() == [NAME])
    unknown, running, idle = asked(world, client="nobody"), asked(world), asked(world, RequestKind.STOP, "nobody")

    supervisor.tick()

    assert "ask again" in answer(world, old)[1]
    assert "there is no client nobody" in answer(world, unknown)[1]
    assert "running already" in answer(world, running)[1]
    assert answer(world, idle)[1] == "nobody is not running"
    let_end(world, supervisor)


def test_what_is_asked_after_the_clock_was_set_back_is_done() -> None:
    world = World()
    ahead = timedelta(hours=3)
    world.clock.advance(ahead)
    supervisor = world.supervisor()
    world.settle(supervisor)

    world.clock.advance(-ahead)
    request = asked(world)
    world.settle(supervisor)

    assert answer(world, request)[1] == ""


def test_an_operator_may_run_a_paused_client_and_accept_a_smaller_source() -> None:
    world = World()
    world.journal.set_fact("paused", "2026-11-22T00:00:00+00:00")
    supervisor = world.supervisor()
    supervisor.tick()
    assert world.engine.started == []

    asked(world, accept=True)
    supervisor.tick()
    world.settle(supervisor)

    assert outcomes(world) == [("web1", Outcome.SUCCESS, None)]
    assert world.volumes.plans[0].baseline is None


def test_a_stop_ends_the_container_and_is_recorded_as_such() -> None:
    world = World(play=lambda _spec: Script(hangs=True))
    supervisor = world.supervisor()
    supervisor.tick()
    until(lambda: world.left() == [NAME])

    request = asked(world, RequestKind.STOP)
    supervisor.tick()
    world.settle(supervisor)

    assert answer(world, request)[0] == world.runs()[0].run_id
    assert outcomes(world) == [("web1", Outcome.INTERRUPTED, Reason.STOPPED)]


def test_a_run_over_its_time_is_stopped_from_outside() -> None:
    world = World(house("web1", timeout='"1h"'), play=lambda _spec: Script(hangs=True))
    supervisor = world.supervisor()
    supervisor.tick()
    until(lambda: world.left() == [NAME])

    world.clock.advance(timedelta(hours=1, minutes=4))
    supervisor.tick()
    assert world.left() == [NAME]
    world.clock.advance(timedelta(minutes=2))
    supervisor.tick()
    until(lambda: not world.journal.unfinished())

    assert outcomes(world) == [("web1", Outcome.FAILED, Reason.TIMEOUT)]


def test_a_bug_in_one_run_becomes_its_record_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    world = World(house("a", "b", schedule='"30 2 * * *"'))
    prepare = world.volumes.prepare

    def buggy(plan: RunPlan) -> object:
        if plan.client == "a":
            raise LookupError("a bug")
        return prepare(plan)

    world.volumes.prepare = buggy  # type: ignore[method-assign, assignment]  # these volumes have a bug
    world.settle(world.supervisor())

    assert sorted(outcomes(world)) == [("a", Outcome.FAILED, Reason.INTERNAL), ("b", Outcome.SUCCESS, None)]
    assert "LookupError: a bug" in caplog.text


def test_an_engine_that_is_down_at_the_start_is_waited_for() -> None:
    world = World()
    world.engine.outage = "the engine is down"
    supervisor = world.supervisor()
    request = asked(world)

    supervisor.tick()

    assert world.journal.fact("docker") == "the engine is down"
    assert world.runs() == []
    assert answer(world, request)[1] == "the engine is down"
    world.engine.outage = ""
    world.clock.advance(timedelta(seconds=6))
    world.settle(supervisor)
    assert world.journal.fact("docker") == "up"
    assert outcomes(world) == [("web1", Outcome.SUCCESS, None)]


def test_no_run_is_refused_for_what_was_wrong_with_the_engine_a_moment_ago() -> None:
    world = World()
    world.engine.outage = "the engine is tired"
    supervisor = world.supervisor()
    supervisor.tick()

    world.engine.outage = ""
    request = asked(world)
    world.settle(supervisor)

    assert answer(world, request)[1] == ""
    assert outcomes(world) == [("web1", Outcome.SUCCESS, None)]


def test_a_run_is_never_judged_by_what_stood_in_the_files_before_it_was_asked_for() -> None:
    world = World()
    supervisor = world.supervisor()
    world.settle(supervisor)
    requests: list[int] = []
    ours = world.engine.ours

    def in_the_middle_of_a_tick(appliance_id: str) -> Sequence[ContainerState]:
        if not requests:
            world.appliance, world.version = house("web1", "web2", schedule='"30 2 * * *"'), 2
            requests.append(asked(world, client="web2"))
        return ours(appliance_id)

    world.engine.ours = in_the_middle_of_a_tick  # type: ignore[method-assign]  # somebody else writes meanwhile
    world.clock.advance(timedelta(seconds=6))
    supervisor.tick()
    world.settle(supervisor)

    assert answer(world, requests[0])[1] == ""
    assert "web2" in [client for client, _, _ in outcomes(world)]


def test_a_pause_holds_from_the_moment_on_at_which_it_is_said() -> None:
    world = World()
    ours = world.engine.ours

    def in_the_middle_of_a_tick(appliance_id: str) -> Sequence[ContainerState]:
        world.journal.set_fact("paused", "2026-11-22T00:00:00+00:00")
        return ours(appliance_id)

    world.engine.ours = in_the_middle_of_a_tick  # type: ignore[method-assign]  # somebody else pauses meanwhile
    world.settle(world.supervisor())

    assert world.runs() == []


def test_an_engine_that_goes_down_during_a_run_does_not_lose_it() -> None:
    world = World(play=hanging)
    supervisor = world.supervisor()
    supervisor.tick()
    until(lambda: world.left() == [NAME])

    world.engine.outage = "the engine restarts"
    world.engine.end(NAME, 0)
    for _ in range(3):
        world.clock.advance(timedelta(seconds=6))
        supervisor.tick()
    assert len(world.journal.unfinished()) == 1
    world.engine.outage = ""
    world.settle(supervisor)

    assert outcomes(world) == [("web1", Outcome.SUCCESS, None)]


def test_a_changed_configuration_is_in_force_at_the_next_tick() -> None:
    world = World()
    supervisor = world.supervisor()
    world.settle(supervisor)

    world.appliance, world.version = house("web1", "web2", schedule='"30 2 * * *"'), 2
    supervisor.tick()
    world.settle(supervisor)

    assert [client for client, _, _ in outcomes(world)] == ["web1", "web2"]


def test_an_invalid_configuration_leaves_the_old_one_in_force_and_says_so() -> None:
    world = World()
    supervisor = world.supervisor()
    world.settle(supervisor)

    def invalid() -> Appliance:
        return parse({"borgpull.toml": "[appliance]\ncolour = 1\n"}, {})

    world.load, world.version = invalid, 2
    supervisor.tick()
    asked(world)
    supervisor.tick()
    world.settle(supervisor)

    assert "colour" in json.loads(world.journal.fact("config_problems") or "")[0]
    assert world.journal.fact(IN_FORCE) != NOTHING
    assert len(world.runs()) == 2
    world.load, world.version = (lambda: world.appliance), 3
    supervisor.tick()
    assert json.loads(world.journal.fact("config_problems") or "") == []


def test_a_file_cut_off_by_a_full_disk_takes_no_client_away() -> None:
    world = World(house("web1", schedule='"@daily"'))
    supervisor = world.supervisor()
    world.settle(supervisor)

    world.load, world.version = (lambda: parse({"borgpull.toml": ""}, {})), 2
    supervisor.tick()
    asked(world)
    world.settle(supervisor)

    assert "so far there was one (web1)" in json.loads(world.journal.fact("config_problems") or "")[0]
    assert [client for client, _, _ in outcomes(world)] == ["web1", "web1"]


def test_a_file_cut_off_before_the_start_is_not_taken_for_a_house_without_clients() -> None:
    world = World()
    world.settle(world.supervisor())
    world.load, world.version = (lambda: parse({"borgpull.toml": ""}, {})), 2
    supervisor = world.supervisor()

    supervisor.tick()

    assert "so far there was one (web1)" in json.loads(world.journal.fact("config_problems") or "")[0]
    world.load, world.version = (lambda: world.appliance), 3
    supervisor.tick()
    assert json.loads(world.journal.fact("config_problems") or "") == []


def test_while_no_configuration_ever_held_nothing_runs_and_requests_are_refused() -> None:
    world = World()
    world.load = lambda: parse({"borgpull.toml": "colour = 1\n"}, {})
    supervisor = world.supervisor()
    request = asked(world)

    supervisor.tick()

    assert "borgpull config check" in answer(world, request)[1]
    assert world.journal.fact(IN_FORCE) == NOTHING
    assert world.runs() == []
    assert "so nothing runs; `borgpull config check`" in trouble(world.journal, world.clock.now())

    world.load, world.version = (lambda: world.appliance), 2
    world.settle(supervisor)
    assert (len(world.runs()), trouble(world.journal, world.clock.now())) == (1, "")


def test_it_says_how_it_is() -> None:
    world = World(house("web1", "web2", schedule='"30 2 * * *"'))
    supervisor = world.supervisor()
    world.settle(supervisor)
    supervisor.tick()
    world.clock.advance(timedelta(seconds=6))
    supervisor.tick()

    assert world.journal.fact("heartbeat") == world.clock.now().isoformat()
    assert world.journal.fact("config_loaded")
    assert json.loads(world.journal.fact("next_runs") or "") == {
        "web1": "2026-11-23T02:30:00+00:00",
        "web2": "2026-11-23T02:30:00+00:00",
    }


def test_a_refusing_gate_is_recorded_once_and_not_each_second() -> None:
    world = World()
    world.volumes.ground = replace(FINE, has_key=False, has_known_hosts=False)
    supervisor = world.supervisor()
    asked(world)
    world.settle(supervisor)

    for _ in range(100):
        supervisor.tick()
        world.clock.advance(timedelta(seconds=1))

    assert outcomes(world) == [("web1", Outcome.FAILED, Reason.AUTH)]


def test_an_idle_tick_with_a_thousand_clients_decides_nothing() -> None:
    world = World(house(*(f"c{number}" for number in range(1000)), every='"6h"'))
    now = world.clock.now()
    for client in world.appliance.clients:
        begun = record(client=client.name, run_id=client.name, started=now)
        world.journal.finish(begun)
    supervisor = world.supervisor()
    supervisor.tick()
    assert supervisor.choices.decisions == 1000

    for _ in range(60):
        world.clock.advance(timedelta(seconds=1))
        supervisor.tick()

    assert supervisor.choices.decisions == 1000
    assert world.engine.started == []


def test_a_good_run_recorded_twice_keeps_its_first_end() -> None:
    world = World(play=lambda _spec: Script(lines=(write(good()),)))
    supervisor = world.supervisor()
    world.settle(supervisor)
    first = world.runs()[0]

    world.settle(world.supervisor())

    assert world.runs() == [first]


def test_a_new_client_waits_until_its_host_key_is_pinned_and_that_is_no_failure() -> None:
    world = World()
    world.volumes.ground = replace(FINE, has_known_hosts=False)
    supervisor = world.supervisor()

    supervisor.tick()
    world.clock.advance(timedelta(seconds=6))
    supervisor.tick()

    assert world.runs() == []
    assert "borgpull client trust web1" in json.loads(world.journal.fact("waiting") or "{}")["web1"]

    world.volumes.ground = FINE
    world.clock.advance(timedelta(seconds=11))
    world.settle(supervisor)

    assert [outcome for _, outcome, _ in outcomes(world)] == [Outcome.SUCCESS]


def test_a_new_client_whose_files_cannot_be_looked_at_holds_nobody_else_up() -> None:
    world = World(house("broken", "fine", schedule='"30 2 * * *"', settings="max_parallel = 2"))
    world.volumes.unreadable = frozenset({"broken"})
    supervisor = world.supervisor()

    world.settle(supervisor)

    assert {run.client for run in world.runs()} == {"fine"}
    assert json.loads(world.journal.fact("waiting") or "{}")["broken"] == "known_hosts/broken cannot be read"
