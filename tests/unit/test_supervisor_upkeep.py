"""What the supervisor does beside backups: behind them, one operation of a client at a time, and never in a pause."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.plan.events import Result, write
from appliance.record import LedgerEntry, Operation, Outcome, Trigger
from tests.fakes import Script
from tests.house import archive, good, house, record, repository
from tests.supervised import CLIENT, FINE, World, until

if TYPE_CHECKING:
    from appliance.config.model import Appliance
    from appliance.ports import ContainerSpec

OPERATION = "borgpull.operation"
NO_CHECKS = '{ repository = "never", data = "never", drill = "never" }'
DONE = Result(outcome=Outcome.SUCCESS, repository=repository(), exit_code=0)


def answering(spec: ContainerSpec) -> Script:
    is_create = spec.labels[OPERATION] == "create"
    return Script(lines=(write(good(spec.labels[CLIENT]) if is_create else DONE),))


def hanging(spec: ContainerSpec) -> Script:
    return replace(answering(spec), hangs=True)


def daily(*clients: str, settings: str = "") -> Appliance:
    return house(*clients, settings=settings, schedule='"0 12 * * *"', keep="{ daily = 7 }", check=NO_CHECKS)


def operations(world: World) -> list[Operation]:
    return [run.operation for run in world.runs()]


def backed_up(world: World, *clients: str) -> None:
    world.journal.set_fact("appliance_id", "us")
    world.volumes.ground = replace(FINE, has_repository=True, marker="us")
    for name in clients:
        started = world.clock.now() - timedelta(hours=1)
        made = replace(
            record(client=name, run_id=f"old-{name}", started=started), archive=archive(f"{name}-2026-11-22T12:00:00")
        )
        entry = LedgerEntry(client=name, archive=archive(f"{name}-2026-11-22T12:00:00"), run_id=made.run_id)
        world.journal.finish(replace(made, repository=repository()), [entry])


def test_each_backup_is_followed_by_a_prune_in_a_container_of_its_own_without_network() -> None:
    world = World(daily("web1"), answering)
    supervisor = world.supervisor()

    for _ in range(3):
        world.settle(supervisor)
        world.settle(supervisor)
        world.clock.advance(timedelta(days=1))

    assert operations(world)[:2] == [Operation.CREATE, Operation.PRUNE]
    assert operations(world).count(Operation.CREATE) == operations(world).count(Operation.PRUNE)
    networks = {spec.labels[OPERATION]: spec.network for spec in world.engine.started}
    assert networks["prune"] == "none"
    assert networks["create"] != "none"


def test_nothing_is_pruned_in_a_pause() -> None:
    world = World(daily("web1"), answering)
    backed_up(world, "web1")
    world.journal.set_fact("paused", world.clock.now().isoformat())
    supervisor = world.supervisor()

    for _ in range(10):
        supervisor.tick()
        world.clock.advance(timedelta(hours=1))

    assert operations(world) == [Operation.CREATE]


def test_who_is_to_be_backed_up_is_not_pruned_first() -> None:
    world = World(daily("web1"), answering)
    backed_up(world, "web1")
    world.clock.advance(timedelta(days=1))
    supervisor = world.supervisor()

    world.settle(supervisor)
    world.settle(supervisor)

    assert operations(world) == [Operation.CREATE, Operation.CREATE, Operation.PRUNE]
    assert world.runs()[-1].trigger is Trigger.SCHEDULE


def test_upkeep_takes_half_of_the_slots() -> None:
    names = [f"web{number}" for number in range(5)]
    world = World(daily(*names, settings="max_parallel = 4"), hanging)
    backed_up(world, *names)
    world.clock.advance(timedelta(minutes=20))
    supervisor = world.supervisor()

    for _ in range(10):
        supervisor.tick()

    assert len(supervisor.workers) == 2
    assert {run.operation for run in world.journal.unfinished()} == {Operation.PRUNE}
    for name in world.left():
        world.engine.end(name, 0)
    world.engine.play = answering
    world.settle(supervisor)


def test_a_tick_in_which_nothing_changes_costs_no_decision() -> None:
    names = [f"web{number}" for number in range(120)]
    world = World(daily(*names), answering)
    backed_up(world, *names)
    for name in names:
        world.journal.finish(
            record(client=name, run_id=f"prune-{name}", operation=Operation.PRUNE, started=world.clock.now())
        )
    supervisor = world.supervisor()
    for _ in range(30):
        supervisor.tick()
    made = supervisor.upkeep.decisions

    for _ in range(10):
        supervisor.tick()

    assert made == 120
    assert supervisor.upkeep.decisions == made


def test_a_client_whose_backups_take_longer_than_the_time_between_them_is_pruned_all_the_same() -> None:
    world = World(house("web1", every='"15m"', keep="{ daily = 7 }", check=NO_CHECKS), hanging)
    supervisor = world.supervisor()

    def has_begun() -> bool:
        supervisor.tick()
        return bool(world.left())

    for _ in range(24 * 3 + 8):
        until(has_begun)
        world.clock.advance(timedelta(minutes=20))
        for name in world.left():
            world.engine.end(name, 0)
        until(lambda: not world.left() and not world.journal.unfinished())

    begun = [spec.labels[OPERATION] for spec in world.engine.started]
    assert begun.count("prune") == 1
    # It has stood behind the backups of a whole day.
    assert begun.index("prune") > 24 * 3


def test_after_days_in_which_no_slot_was_free_archives_go_before_upkeep() -> None:
    keys = {"schedule": '"0 12 * * *"', "keep": "{ daily = 7 }", "check": NO_CHECKS, "timeout": '"7d"'}
    world = World(house("a", "web1", settings="max_parallel = 1", **keys), hanging)
    backed_up(world, "a", "web1")
    supervisor = world.supervisor()

    def has_begun() -> bool:
        supervisor.tick()
        return bool(world.left())

    # One run holds the only slot for three days, in which the other client's backup and prune fall due.
    until(has_begun)
    (first,) = world.left()
    for _ in range(3 * 24):
        world.clock.advance(timedelta(hours=1))
        supervisor.tick()

    world.engine.play = answering
    world.engine.end(first, 0)
    world.settle(supervisor)
    world.settle(supervisor)

    begun = [(spec.labels[CLIENT], spec.labels[OPERATION]) for spec in world.engine.started]
    waited = "web1" if first.endswith("-a") else "a"
    assert next(operation for client, operation in begun if client == waited) == "create"
