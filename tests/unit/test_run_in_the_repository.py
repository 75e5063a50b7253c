"""Runs that work in the repository alone: what they need to begin, and what their end does to the ledger."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from appliance.plan.checked import Checked, checked_fact
from appliance.plan.events import CheckFindings, ListedArchive, Result, write
from appliance.plan.run_plan import PlannedCheck
from appliance.record import LedgerEntry, Operation, Outcome, Reason, RequestKind, RunRecord, Trigger
from appliance.run import Order, Watch, run
from tests.clients import client_of
from tests.fakes import Script
from tests.house import NOON, archive, good, house, one, record, repository
from tests.supervised import FINE, World

FIRST, SECOND = archive("web1-2026-11-20T12:00:00", 1), archive("web1-2026-11-21T12:00:00", 2)
LEDGER = [LedgerEntry(client="web1", archive=each, run_id="old") for each in (FIRST, SECOND)]
PRUNED = Result(outcome=Outcome.SUCCESS, repository=repository(), exit_code=0, gone=(FIRST.id,))


def world_that_says(result: Result) -> World:
    world = World(play=lambda _spec: Script(lines=(write(result),), exit_code=result.outcome.exit_code))
    world.journal.finish(replace(record(run_id="old"), repository=repository()), LEDGER)
    world.volumes.ground = replace(FINE, has_repository=True, marker="us")
    return world


def carried_out(world: World, operation: Operation, trigger: Trigger = Trigger.SCHEDULE) -> RunRecord:
    run_id = f"new-{len(world.runs())}"
    begun = record(None, run_id=run_id, started=NOON + timedelta(hours=1), operation=operation)
    begun = replace(begun, trigger=trigger)
    world.journal.begin(begun)
    watch = Watch(record=begun, container="borgpull-web1", deadline=NOON + timedelta(days=1))
    order = Order(client=one(), settings=world.appliance.settings, appliance_id="us", watch=watch)
    ended = run(world.desk(threading.Event()), order)
    assert ended is not None
    return ended


def ledger(world: World) -> list[str]:
    return [entry.archive.id for entry in world.journal.archives("web1")]


def test_what_a_prune_deleted_leaves_the_ledger_with_its_record() -> None:
    world = world_that_says(PRUNED)

    assert carried_out(world, Operation.PRUNE).outcome is Outcome.SUCCESS
    assert ledger(world) == [SECOND.id]
    assert world.journal.last_runs()["web1"].last.run_id == "old"


def test_what_changes_the_ledger_renews_its_copy_beside_the_repositories() -> None:
    world = world_that_says(PRUNED)

    carried_out(world, Operation.PRUNE)

    (kept,) = world.kept
    assert (kept.client, kept.repository_id) == ("web1", repository().id)
    assert [entry.archive.id for entry in kept.entries] == [SECOND.id]


def test_a_run_that_failed_leaves_the_copy_as_it_is() -> None:
    world = world_that_says(replace(PRUNED, outcome=Outcome.FAILED, reason=Reason.TAMPERING))

    carried_out(world, Operation.PRUNE)

    assert world.kept == []


def test_a_copy_that_cannot_be_written_is_said_and_fails_no_run() -> None:
    world = world_that_says(PRUNED)
    world.no_copy = "the disk is read-only"

    assert carried_out(world, Operation.PRUNE).outcome is Outcome.SUCCESS
    assert [note.message for _, note in world.notes if "the disk is read-only" in note.message]


def test_a_prune_that_failed_takes_nothing_out_of_the_ledger() -> None:
    world = world_that_says(replace(PRUNED, outcome=Outcome.FAILED, reason=Reason.TAMPERING))

    assert carried_out(world, Operation.PRUNE).reason is Reason.TAMPERING
    assert ledger(world) == [FIRST.id, SECOND.id]


DAMAGED = Result(
    outcome=Outcome.FAILED,
    reason=Reason.INTEGRITY,
    message="It is broken.",
    check=CheckFindings(repository="whole", damaged=(FIRST.id,), verified=(SECOND.id,)),
)


def checked(world: World) -> Checked:
    return Checked.from_json(world.journal.fact(checked_fact("web1")))


def test_a_check_that_finds_damage_holds_every_prune_until_a_check_is_good() -> None:
    world = world_that_says(DAMAGED)

    assert carried_out(world, Operation.CHECK).reason is Reason.INTEGRITY
    assert checked(world).damaged == {FIRST.id}
    world.engine.play = lambda _spec: Script(lines=(write(PRUNED),))

    held = carried_out(world, Operation.PRUNE)

    assert (held.outcome, held.reason) == (Outcome.SKIPPED, Reason.INTEGRITY)
    assert "It is broken." in held.message
    assert ledger(world) == [FIRST.id, SECOND.id]
    assert {spec.labels["borgpull.operation"] for spec in world.engine.started} == {"check"}

    good = replace(PRUNED, gone=(), check=CheckFindings(verified=(FIRST.id,)))
    world.engine.play = lambda _spec: Script(lines=(write(good),))
    assert carried_out(world, Operation.CHECK).outcome is Outcome.SUCCESS
    world.engine.play = lambda _spec: Script(lines=(write(PRUNED),))
    assert carried_out(world, Operation.PRUNE).outcome is Outcome.SUCCESS


def test_a_check_that_is_not_believed_tells_nothing() -> None:
    world = world_that_says(replace(PRUNED, repository=None, check=CheckFindings(repository="whole")))

    assert carried_out(world, Operation.CHECK).reason is Reason.INTERNAL
    assert checked(world) == Checked()


def test_a_check_runs_without_network_and_reads_everything_for_an_operator() -> None:
    world = world_that_says(replace(PRUNED, gone=(), check=CheckFindings(repository="whole")))

    carried_out(world, Operation.CHECK, Trigger.OPERATOR)

    assert [spec.network for spec in world.engine.started] == ["none"]
    assert world.volumes.plans[-1].check == PlannedCheck(
        repository="whole", budget=0, archives=(SECOND.name, FIRST.name)
    )


@pytest.mark.parametrize("operation", [Operation.PRUNE, Operation.REPAIR, Operation.ACCEPT, Operation.PURGE])
@pytest.mark.parametrize("stats", [None, repository(number=8)])
def test_who_does_not_name_the_right_repository_is_not_believed(operation: Operation, stats: object) -> None:
    world = world_that_says(replace(PRUNED, repository=stats))  # type: ignore[arg-type]  # either of the two

    assert carried_out(world, operation).reason is Reason.INTERNAL
    assert ledger(world) == [FIRST.id, SECOND.id]


@pytest.mark.parametrize("operation", list(Operation))
def test_only_what_fills_the_volume_needs_room_on_it(operation: Operation) -> None:
    world = world_that_says(PRUNED)
    world.volumes.ground = replace(world.volumes.ground, free_space=0)

    ended = carried_out(world, operation)

    assert (ended.reason is Reason.NO_SPACE) == (operation in (Operation.CREATE, Operation.PROBE))


def test_where_the_client_writes_itself_only_the_runs_own_archive_counts() -> None:
    forged = ListedArchive(name="web1-2030-01-01T00:00:00", id="f" * 64, started=NOON)
    ledgers = {}
    for method in ("sshfs", "socat"):
        world = World(play=lambda _spec: Script(lines=(write(good("web1", 3, forged)),)))
        begun = replace(record(None), method=method)
        world.journal.begin(begun)
        watch = Watch(record=begun, container="borgpull-web1", deadline=NOON + timedelta(days=1))
        client = one() if method == "sshfs" else client_of(method)
        order = Order(client=client, settings=world.appliance.settings, appliance_id="us", watch=watch)
        run(world.desk(threading.Event()), order)
        ledgers[method] = {entry.archive.name for entry in world.journal.archives("web1")}

    assert ledgers["sshfs"] == {"web1-2026-11-22T12:00:00", forged.name}
    assert ledgers["socat"] == {"web1-2026-11-22T12:00:00"}


def test_a_prune_of_a_client_without_rules_is_refused_with_a_sentence() -> None:
    world = World(house("web1", schedule='"30 2 * * *"'))
    supervisor = world.supervisor()
    world.journal.set_fact("paused", NOON.isoformat())
    asked = world.journal.ask(RequestKind.RUN, "web1", Operation.PRUNE)

    supervisor.tick()

    request = world.journal.request(asked)
    assert request is not None
    assert request.refusal.startswith("web1 has no `keep`, so every archive is kept")
    assert world.runs() == []
