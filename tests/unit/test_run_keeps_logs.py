"""Before the container of a run is removed, its log is kept, whatever became of the run; and no log ends a run."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.errors import EngineError
from appliance.plan.container import container_spec
from appliance.plan.events import Note, write
from appliance.plan.make import plan_run
from appliance.ports import SaidLine
from appliance.record import Outcome, Reason
from appliance.run import Watch, follow, keep_log
from tests.fakes import Script
from tests.house import NOON, good, house, record
from tests.supervised import CLIENT, World, hanging, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.ports import ContainerSpec
    from appliance.record import RunRecord

SAID = (write(Note(level="info", message="hello")),)


def ran(world: World, script: Script, run_id: str = "run-1") -> RunRecord:
    """Follow a container that plays the script, as one that was adopted, to its end."""
    run = replace(record(None), run_id=run_id)
    world.journal.begin(run)
    world.engine.play = lambda _spec: script
    world.engine.start(spec(run_id))
    watch = Watch(record=run, container="borgpull-web1", deadline=NOON + timedelta(hours=1))
    ended = follow(world.desk(threading.Event()), watch)
    assert ended is not None
    return ended


def spec(run_id: str) -> ContainerSpec:
    client = house("web1").clients[0]
    plan = plan_run(client, "create", run_id=run_id, now=NOON, appliance_id="us")
    return container_spec(client, plan, house("web1").settings)


def messages(world: World, run_id: str = "run-1") -> list[str]:
    lines = world.logs.read("web1", run_id)
    assert lines is not None
    return [json.loads(line)["message"] for line in lines]


def complaints(world: World) -> list[str]:
    return [note.message for _, note in world.notes if note.level == "warning"]


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (Script(lines=(*SAID, write(good()))), Outcome.SUCCESS),
        (Script(lines=SAID, exit_code=137), Outcome.INTERRUPTED),
        (Script(lines=SAID, exit_code=137, out_of_memory=True), Outcome.FAILED),
        (Script(lines=SAID, errors=("Traceback", "MemoryError"), exit_code=70), Outcome.FAILED),
    ],
    ids=("good", "killed", "out of memory", "crashed"),
)
def test_the_log_is_kept_and_then_the_container_removed(script: Script, outcome: Outcome) -> None:
    world = World()

    assert ran(world, script).outcome is outcome

    assert messages(world)[0] == "hello"
    assert set(script.errors) <= set(messages(world))
    assert world.engine.ours("us") == []


def test_a_full_volume_costs_the_log_and_never_the_backup() -> None:
    world = World()
    world.logs.trouble = "/state/logs/web1 cannot be written: No space left on device"

    assert ran(world, Script(lines=(*SAID, write(good())))).outcome is Outcome.SUCCESS

    assert complaints(world) == [f"its log is not kept: {world.logs.trouble}"]
    assert world.engine.ours("us") == []


def test_a_log_that_breaks_off_says_so_and_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(world.engine, "said", breaks_off)

    assert ran(world, Script(lines=(*SAID, write(good())))).outcome is Outcome.SUCCESS

    assert messages(world) == ["hello", "the rest is missing, since the container's output could not be read: cut"]
    assert complaints(world) == ["its log may not be whole: cut"]


def test_keeping_it_again_changes_nothing_and_never_for_the_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.engine.play = lambda _spec: Script(lines=SAID)
    world.engine.start(spec("run-1"))
    desk = world.desk(threading.Event())
    for _ in range(2):
        keep_log(desk, record(None), "borgpull-web1")
    monkeypatch.setattr(world.engine, "said", breaks_off)

    keep_log(desk, record(None), "borgpull-web1")

    assert messages(world) == ["hello"]


def test_the_newest_logs_of_a_client_are_kept_so_many_as_the_configuration_says() -> None:
    world = World(house("web1", settings="keep_logs = 2"))
    desk = replace(world.desk(threading.Event()), appliance=lambda: world.appliance)
    for number in range(4):
        keep_log(desk, replace(record(None), run_id=f"run-{number}"), "borgpull-web1")

    assert world.logs.kept("web1") == ["run-3", "run-2"]


def test_a_run_that_is_adopted_has_its_log_too() -> None:
    world = World(play=lambda spec: replace(hanging(spec), lines=(*SAID, write(good(spec.labels[CLIENT])))))
    first = world.supervisor()
    first.tick()
    until(lambda: bool(world.engine.started))
    first.closing.set()
    second = world.supervisor()
    second.tick()
    world.engine.end("borgpull-web1", 0)

    world.settle(second)

    (run,) = world.runs()
    assert messages(world, run.run_id)[0] == "hello"


def test_the_log_of_a_run_that_a_fault_of_ours_ended_is_kept_when_its_container_is_removed() -> None:
    world = World()
    supervisor = world.supervisor()
    world.engine.play = lambda _spec: Script(lines=SAID, hangs=True)
    world.engine.start(spec("run-1"))
    world.journal.finish(record(Outcome.FAILED, Reason.INTERNAL))

    supervisor.workers.end("borgpull-web1")

    until(lambda: not world.engine.ours("us"))
    assert messages(world) == ["hello"]


def test_the_container_of_a_question_has_no_log() -> None:
    world = World(play=lambda _spec: Script(lines=SAID))
    supervisor = world.supervisor()
    world.engine.start(
        replace(spec("question-1"), labels={"borgpull.operation": "files", "borgpull.run": "question-1"})
    )

    supervisor.workers.end("borgpull-web1")

    until(lambda: world.engine.inspect("borgpull-web1") is None)
    assert world.logs.kept("web1") == []


def breaks_off(_name: str, *, follow: bool = False) -> Iterator[SaidLine]:
    assert not follow
    yield SaidLine(text=SAID[0])
    raise EngineError("cut")
