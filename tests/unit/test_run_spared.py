"""Runs that are skipped and not failed: of a client that sleeps, and a prune that is held."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.plan.due import NotDue, decide
from appliance.plan.judge import Verdict
from appliance.record import Operation, Outcome, Reason, Trigger
from appliance.run import Order, Watch, run
from appliance.run.ending import record_end
from tests.house import NOON, history, house, one, record
from tests.supervised import World, success
from tests.told import QUIET, burst

if TYPE_CHECKING:
    from appliance.record import RunRecord


SLEEPER = house("web1", offline='"skip"', max_age='"3d"')
AWAY = Verdict(outcome=Outcome.FAILED, reason=Reason.UNREACHABLE, message="web1.lan:22 does not answer.")


def ended(world: World, trigger: Trigger = Trigger.SCHEDULE, end: Verdict = AWAY) -> RunRecord:
    begun = replace(record(None, run_id="new", started=world.clock.now()), trigger=trigger)
    world.journal.begin(begun)
    desk = replace(world.desk(threading.Event()), appliance=lambda: world.appliance)
    return record_end(desk, Watch(record=begun, container="c", deadline=begun.started), end)


def slept(age: timedelta | None) -> World:
    world = World(SLEEPER)
    if age is not None:
        world.journal.finish(record(run_id="old", started=world.clock.now() - age))
    return world


def test_a_client_that_sleeps_is_skipped_until_its_archive_is_too_old() -> None:
    young = ended(slept(timedelta(days=2)))
    assert (young.outcome, young.reason) == (Outcome.SKIPPED, Reason.OFFLINE)
    assert young.message.startswith("web1.lan:22 does not answer. It may sleep")

    for age in (timedelta(days=4), timedelta(days=-4), None):
        old = ended(slept(age))
        assert (old.outcome, old.reason) == (Outcome.FAILED, Reason.UNREACHABLE)


def test_absence_alone_is_spared_and_not_when_an_operator_asked() -> None:
    asked = ended(slept(timedelta(days=1)), Trigger.OPERATOR)
    key = ended(slept(timedelta(days=1)), end=replace(AWAY, reason=Reason.HOST_KEY))

    assert (asked.outcome, key.outcome) == (Outcome.FAILED, Outcome.FAILED)


def test_a_sleeper_is_tried_again_after_twenty_minutes() -> None:
    away = replace(record(Outcome.SKIPPED, Reason.OFFLINE), finished=NOON)
    due = decide(
        SLEEPER.clients[0], history(record(started=NOON - timedelta(days=1)), away),
        now=NOON + timedelta(minutes=19), zone=SLEEPER.timezone, first_seen=NOON,
    )  # fmt: skip

    assert isinstance(due, NotDue)
    assert due.until == NOON + timedelta(minutes=20)


def test_a_prune_is_skipped_while_a_burst_is_not_accepted() -> None:
    world = World(play=success)
    world.journal.finish(record(run_id="old"), burst())
    world.volumes.ground = replace(QUIET, has_repository=True, marker="us")

    def pruned(run_id: str) -> RunRecord:
        begun = replace(record(None, run_id=run_id), operation=Operation.PRUNE)
        world.journal.begin(begun)
        watch = Watch(record=begun, container="borgpull-web1", deadline=NOON + timedelta(days=1))
        order = Order(client=one(), settings=world.appliance.settings, appliance_id="us", watch=watch)
        found = run(world.desk(threading.Event()), order)
        assert found is not None
        return found

    held = pruned("first")
    assert (held.outcome, held.reason) == (Outcome.SKIPPED, Reason.CHANGE_BURST)
    assert world.engine.started == []

    world.journal.set_fact("change_accepted:web1", NOON.isoformat())
    assert pruned("second").reason is not Reason.CHANGE_BURST
    assert len(world.engine.started) == 1
