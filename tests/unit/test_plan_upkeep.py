"""Which upkeep is due, and why: behind every backup, after a good one, once a day whatever the clock does."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.plan.due import PERMANENT, Due, NotDue, choose, decide
from appliance.plan.upkeep import UPKEEP_BACK_OFF, Kept, decide_upkeep
from appliance.ports import ClientHistory
from appliance.record import Operation, Outcome, Reason, RunRecord, Trigger
from tests.house import NOON, history, one, record

if TYPE_CHECKING:
    from appliance.config.model import Client

BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")
PRUNED = one(
    schedule='"30 2 * * *"', keep="{ daily = 7 }", check='{ repository = "never", data = "never", drill = "never" }'
)
SPRING, AUTUMN = datetime(2026, 3, 22, 11, tzinfo=UTC), datetime(2026, 10, 18, 11, tzinfo=UTC)
DAY = timedelta(days=1)


def pruned(
    outcome: Outcome = Outcome.SUCCESS, reason: Reason | None = None, *, started: datetime = NOON + timedelta(hours=1)
) -> RunRecord:
    return record(outcome, reason, started=started, operation=Operation.PRUNE)


def decided(
    created: ClientHistory | None = None,
    prunes: ClientHistory | None = None,
    *,
    client: Client = PRUNED,
    now: datetime = NOON + timedelta(hours=2),
    paused: bool = False,
) -> Due | NotDue:
    histories = {Operation.CREATE: created or history(record())}
    if prunes is not None:
        histories[Operation.PRUNE] = prunes
    kept = Kept(since=NOON, histories=histories)
    return decide_upkeep(client, kept, now=now, zone=BERLIN, paused=paused)


def test_after_the_first_good_backup_a_prune_is_due() -> None:
    decision = decided()

    assert isinstance(decision, Due)
    assert (decision.operation, decision.since) == (Operation.PRUNE, NOON + timedelta(minutes=10))


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.INTERRUPTED, Outcome.SKIPPED])
def test_after_a_backup_that_is_not_good_nothing_is_pruned(outcome: Outcome) -> None:
    created = history(record(), record(outcome, Reason.UNREACHABLE, started=NOON + DAY))

    assert isinstance(decided(created, history(pruned(started=NOON - DAY)), now=NOON + 2 * DAY), NotDue)


def test_a_prune_follows_a_backup_that_had_warnings() -> None:
    assert isinstance(decided(history(record(Outcome.WARNING, Reason.CHANGED))), Due)


def test_no_second_prune_on_the_same_day() -> None:
    created = history(record(), record(started=NOON + timedelta(hours=6)))

    decision = decided(created, history(pruned()), now=NOON + timedelta(hours=7))

    assert isinstance(decision, NotDue)
    assert decision.until == datetime(2026, 11, 22, 23, 0, tzinfo=UTC)


def test_no_second_prune_without_another_good_backup() -> None:
    assert isinstance(decided(history(record()), history(pruned()), now=NOON + 5 * DAY), NotDue)


@pytest.mark.parametrize(
    "client", [one(schedule='"30 2 * * *"'), one(keep="{ daily = 7 }", enabled="false")], ids=["no keep", "disabled"]
)
def test_who_has_no_rules_or_is_disabled_is_not_pruned(client: Client) -> None:
    decision = decided(client=client)

    assert not isinstance(decision, Due) or decision.operation is not Operation.PRUNE


def test_a_pause_holds_upkeep_too() -> None:
    assert isinstance(decided(paused=True), NotDue)


def test_there_is_no_upkeep_before_there_is_a_repository() -> None:
    never = history(record(Outcome.FAILED, Reason.UNREACHABLE))

    assert isinstance(decided(never), NotDue)
    assert isinstance(decide_upkeep(PRUNED, None, now=NOON, zone=BERLIN), NotDue)


@pytest.mark.parametrize(("failures", "wait"), [(1, 0), (2, 1), (3, 2), (4, 3), (9, 3)])
def test_a_failed_prune_is_tried_again_with_back_off(failures: int, wait: int) -> None:
    prunes = history(*[pruned(Outcome.FAILED, Reason.LOCK)] * failures)
    ended = prunes.last.finished
    assert ended is not None
    again = ended + UPKEEP_BACK_OFF[wait]

    before, then = (decided(None, prunes, now=now) for now in (again - timedelta(seconds=1), again))

    assert isinstance(before, NotDue)
    assert before.until == again
    assert isinstance(then, Due)
    assert then.trigger is Trigger.RETRY


@pytest.mark.parametrize("reason", sorted(PERMANENT))
def test_where_somebody_has_to_look_a_prune_waits_for_the_next_day_and_backup(reason: Reason) -> None:
    prunes = history(pruned(Outcome.FAILED, reason))

    assert isinstance(decided(history(record()), prunes, now=NOON + 3 * DAY), NotDue)
    assert isinstance(decided(history(record(), record(started=NOON + DAY)), prunes, now=NOON + 2 * DAY), Due)


def test_a_drill_is_due_once_a_week_after_the_first_backup_and_behind_check_and_prune() -> None:
    client = one(check='{ repository = "never", data = "never" }')
    drilled = history(record(started=NOON + 8 * DAY, operation=Operation.DRILL))

    def when(now: datetime, drills: ClientHistory | None = None) -> Due | NotDue:
        histories = {Operation.CREATE: history(record())} | ({Operation.DRILL: drills} if drills else {})
        return decide_upkeep(client, Kept(since=NOON, histories=histories), now=now, zone=BERLIN)

    due = when(NOON + 7 * DAY)
    assert isinstance(due, Due)
    assert due.operation is Operation.DRILL
    following = when(NOON + 9 * DAY, drilled)
    assert isinstance(following, NotDue)
    assert following.until is not None
    assert following.until - NOON <= 15 * DAY
    failed = history(record(Outcome.FAILED, Reason.MISMATCH, started=NOON + 8 * DAY, operation=Operation.DRILL))
    assert isinstance(when(NOON + 8 * DAY + timedelta(hours=2), failed), NotDue)
    assert isinstance(when(NOON + 16 * DAY, failed), Due)


def test_a_clock_that_was_wrong_does_not_end_upkeep() -> None:
    assert isinstance(decided(None, history(pruned(started=NOON + 900 * DAY))), Due)


@given(
    st.sampled_from([SPRING, AUTUMN]),
    st.integers(min_value=0, max_value=14 * 24 * 60),
    st.sampled_from([None, Outcome.SUCCESS, Outcome.FAILED, Outcome.SKIPPED]),
    st.integers(min_value=-2000, max_value=2000),
)
def test_who_is_not_due_is_due_at_the_time_that_was_named(
    first: datetime, minutes: int, outcome: Outcome | None, apart: int
) -> None:
    now = first + timedelta(minutes=minutes)
    created = history(record(started=first))
    prunes = history(pruned(outcome, started=first + timedelta(minutes=apart))) if outcome else None

    decision = decided(created, prunes, now=now)

    if isinstance(decision, Due):
        assert decision.since <= now
    elif decision.until is not None:
        assert decision.until > now
        assert isinstance(decided(created, prunes, now=decision.until), Due)


# ---- two weeks, played ----


@dataclass
class Played:
    """A client whose backups and upkeep are carried out as they fall due, a minute at a time."""

    client: Client
    runs: list[tuple[Operation, datetime, Trigger]] = field(default_factory=list)
    folds: dict[Operation, ClientHistory] = field(default_factory=dict)
    busy_until: datetime = NOON - 1000 * DAY

    def play(self, first: datetime, fails: tuple[Operation, ...] = ()) -> list[tuple[Operation, datetime, Trigger]]:
        """Live through two weeks; a backup takes 40 minutes and everything else a quarter of an hour."""
        self.fold(record(started=first - timedelta(minutes=90)))
        for minute in range(14 * 24 * 60):
            now = first + timedelta(minutes=minute, seconds=17)
            if now < self.busy_until:
                continue
            due = self._chosen(now)
            if due is not None:
                self.runs.append((due.operation, now.astimezone(BERLIN), due.trigger))
                took = timedelta(minutes=40 if due.operation is Operation.CREATE else 15)
                self.busy_until = now + took
                bad = due.operation in fails
                ended = record(
                    Outcome.FAILED if bad else Outcome.SUCCESS,
                    Reason.LOCK if bad else None,
                    started=now,
                    took=took,
                    operation=due.operation,
                )
                self.fold(ended)
        return self.runs

    def fold(self, run: RunRecord) -> None:
        self.folds[run.operation] = ClientHistory.after(self.folds.get(run.operation), run)

    def _chosen(self, now: datetime) -> Due | None:
        created = self.folds[Operation.CREATE]
        create = decide(self.client, created, now=now, zone=BERLIN, first_seen=now)
        if isinstance(create, Due):
            return create
        kept = Kept(since=created.last.started, histories=dict(self.folds))
        upkeep = decide_upkeep(self.client, kept, now=now, zone=BERLIN)
        return upkeep if isinstance(upkeep, Due) else None


def days_of(runs: list[tuple[Operation, datetime, Trigger]], operation: Operation) -> list[int]:
    return [moment.timetuple().tm_yday for done, moment, _ in runs if done is operation]


@pytest.mark.parametrize("first", [SPRING, AUTUMN], ids=["spring", "autumn"])
@pytest.mark.parametrize("schedule", ["30 2 * * *", "0 3 * * *", "55 23 * * *", "0 0 * * *"])
def test_each_night_has_one_backup_and_one_prune_after_it_through_both_changes_of_the_clock(
    schedule: str, first: datetime
) -> None:
    client = PRUNED.model_copy(update={"schedule": one(schedule=f'"{schedule}"').schedule})

    runs = Played(client).play(first)

    made, gone = days_of(runs, Operation.CREATE), days_of(runs, Operation.PRUNE)
    assert len(made) == 14
    # The first one follows the backup that was there already.
    assert len(gone) in (14, 15)
    assert len(set(gone)) == len(gone)
    for (done, _, _), (following, moment, _) in itertools.pairwise(runs):
        assert following is not Operation.PRUNE or done is Operation.CREATE, moment


@pytest.mark.parametrize("first", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_four_backups_a_day_are_pruned_once_a_day(first: datetime) -> None:
    client = PRUNED.model_copy(update={"schedule": one(every='"6h"').schedule})

    runs = Played(client).play(first)

    gone = days_of(runs, Operation.PRUNE)
    assert gone == list(range(gone[0], gone[0] + 15))
    assert len(days_of(runs, Operation.CREATE)) in range(54, 57)


@pytest.mark.parametrize("first", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_with_a_way_back_of_five_days_a_prune_comes_no_sooner_than_that_after_the_last(first: datetime) -> None:
    client = PRUNED.model_copy(update={"compact_after": timedelta(days=5)})

    runs = Played(client).play(first)

    gone = [moment.astimezone(UTC) for done, moment, _ in runs if done is Operation.PRUNE]
    assert len(gone) == 3
    assert all(later - earlier >= timedelta(days=5) for earlier, later in itertools.pairwise(gone))


def test_a_prune_that_never_works_delays_no_backup() -> None:
    runs = Played(PRUNED).play(AUTUMN, fails=(Operation.PRUNE,))

    made = [moment for done, moment, _ in runs if done is Operation.CREATE]
    assert len(made) == 14
    assert all(moment - moment.replace(hour=2, minute=30) < timedelta(minutes=16) for moment in made)
    # Four quick tries, then one a day.
    assert len(days_of(runs, Operation.PRUNE)) in range(14, 20)


# ---- beside others ----


def due(client: str, operation: Operation = Operation.CREATE, trigger: Trigger = Trigger.SCHEDULE) -> Due:
    waits = timedelta(hours=2) if operation is Operation.PRUNE else timedelta(0)
    return Due(client=client, trigger=trigger, since=NOON - waits, reason="", operation=operation)


def test_archives_go_before_upkeep_that_has_waited_longer() -> None:
    waiting = [due("a", Operation.PRUNE), due("b"), due("c")]

    assert [each.client for each in choose(waiting, 2, free_for_upkeep=1)] == ["b", "c"]
    assert [each.client for each in choose(waiting, 3, free_for_upkeep=1)] == ["b", "c", "a"]


def test_upkeep_leaves_slots_for_archives_to_come() -> None:
    waiting = [due(name, Operation.PRUNE) for name in "abcd"]

    assert [each.client for each in choose(waiting, 4, free_for_upkeep=2)] == ["a", "b"]
    assert choose(waiting, 4, free_for_upkeep=0) == ()


def test_what_an_operator_asks_for_takes_any_slot() -> None:
    asked = due("a", trigger=Trigger.OPERATOR)

    assert choose([replace(asked, operation=Operation.PRUNE)], 1) == (replace(asked, operation=Operation.PRUNE),)
