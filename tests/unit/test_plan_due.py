"""Who is due, and why."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.plan.due import BACK_OFF, PERMANENT, Due, NotDue, choose, decide, next_run
from appliance.record import Outcome, Reason, Trigger
from tests.house import NOON, history, one, record

if TYPE_CHECKING:
    from appliance.config.model import Client
    from appliance.ports import ClientHistory

BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")
NIGHTLY = one(schedule='"30 2 * * *"')


def decided(
    client: Client = NIGHTLY,
    past: ClientHistory | None = None,
    *,
    now: datetime = NOON,
    zone: ZoneInfo = UTC_ZONE,
    paused: bool = False,
) -> Due | NotDue:
    return decide(client, past, now=now, zone=zone, first_seen=NOON - timedelta(hours=1), paused=paused)


def when(decision: Due | NotDue) -> datetime | None:
    assert isinstance(decision, NotDue)
    return decision.until


def trigger(decision: Due | NotDue) -> Trigger:
    assert isinstance(decision, Due)
    return decision.trigger


def test_a_client_never_backed_up_is_due_at_once() -> None:
    decision = decided()

    assert trigger(decision) is Trigger.SCHEDULE
    assert decision.reason == "never backed up"


def test_a_client_never_backed_up_waits_for_its_window() -> None:
    assert when(decided(one(window='"22:00-06:00"'))) == datetime(2026, 11, 22, 22, 0, tzinfo=UTC)


def test_after_a_good_run_the_next_scheduled_time_counts() -> None:
    assert when(decided(past=history(record()), now=NOON + timedelta(hours=1))) == datetime(
        2026, 11, 23, 2, 30, tzinfo=UTC
    )


def test_at_the_scheduled_time_it_is_due_by_schedule() -> None:
    decision = decided(past=history(record()), now=datetime(2026, 11, 23, 2, 30, tzinfo=UTC))

    assert trigger(decision) is Trigger.SCHEDULE
    assert decision.reason == "due at 2026-11-23 02:30, last started at 2026-11-22 12:00"


def test_what_was_missed_during_downtime_is_caught_up() -> None:
    decision = decided(past=history(record()), now=datetime(2026, 11, 23, 9, 0, tzinfo=UTC))

    assert trigger(decision) is Trigger.CATCH_UP


@given(st.integers(min_value=2, max_value=400))
def test_a_long_downtime_gives_exactly_one_catch_up(days: int) -> None:
    back = NOON + timedelta(days=days)

    assert trigger(decided(past=history(record()), now=back)) is Trigger.CATCH_UP
    following = when(decided(past=history(record(), record(started=back)), now=back + timedelta(minutes=11)))
    assert following == (back + timedelta(days=1)).replace(hour=2, minute=30)


def test_an_interval_counts_from_the_last_start() -> None:
    assert when(decided(one(every='"6h"'), history(record()))) == NOON + timedelta(hours=6)


def test_outside_the_window_it_waits_until_the_window_opens() -> None:
    client = one(schedule='"0 12 * * *"', window='"22:00-06:00"')

    decision = decided(client, history(record(started=NOON - timedelta(days=1))), now=NOON + timedelta(minutes=1))

    assert when(decision) == datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
    assert "its window opens only at 2026-11-22 22:00" in decision.reason


def test_a_run_that_waited_for_its_window_was_not_missed() -> None:
    client = one(schedule='"0 12 * * *"', window='"22:00-06:00"')
    opened = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)

    assert trigger(decided(client, history(record(started=NOON - timedelta(days=1))), now=opened)) is Trigger.SCHEDULE


@pytest.mark.parametrize(("failures", "wait"), [(1, BACK_OFF[0]), (2, BACK_OFF[1]), (3, BACK_OFF[2]), (9, BACK_OFF[3])])
def test_failures_are_retried_with_back_off(failures: int, wait: timedelta) -> None:
    past = history(*[record(Outcome.FAILED, Reason.UNREACHABLE)] * failures)
    ended = past.last.finished
    assert ended is not None

    assert when(decided(past=past, now=ended)) == ended + wait
    assert trigger(decided(past=past, now=ended + wait)) is Trigger.RETRY


def test_a_success_resets_the_back_off() -> None:
    failed = record(Outcome.FAILED, Reason.UNREACHABLE)
    past = history(failed, failed, failed, record(), failed)

    assert when(decided(past=past)) == NOON + timedelta(minutes=10) + BACK_OFF[0]


@pytest.mark.parametrize("reason", sorted(PERMANENT))
def test_what_needs_an_operator_is_not_retried_before_the_next_scheduled_time(reason: Reason) -> None:
    past = history(record(Outcome.FAILED, reason))

    assert when(decided(past=past, now=NOON + timedelta(hours=10))) == datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


def test_a_skipped_run_does_not_use_up_its_scheduled_time() -> None:
    past = history(record(), record(Outcome.SKIPPED, Reason.BUSY, started=NOON + timedelta(hours=1)))

    again = when(decided(past=past, now=NOON + timedelta(hours=1)))

    assert again == NOON + timedelta(hours=1, minutes=10) + BACK_OFF[0]


def test_disabled_and_paused_clients_are_never_due() -> None:
    assert when(decided(one(enabled="false"))) is None
    assert when(decided(paused=True)) is None


def test_a_last_run_dated_in_the_future_silences_nobody_and_loops_nowhere() -> None:
    past = history(record(started=NOON + timedelta(days=1000)))

    assert when(decided(past=past)) == datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


def test_slots_go_to_operators_first_and_then_to_who_waited_longest() -> None:
    late = Due(client="late", trigger=Trigger.SCHEDULE, since=NOON - timedelta(hours=5), reason="")
    later = Due(client="later", trigger=Trigger.RETRY, since=NOON - timedelta(hours=9), reason="")
    asked = Due(client="asked", trigger=Trigger.OPERATOR, since=NOON, reason="")

    assert choose([late, later, asked], 2) == (asked, later)
    assert choose([late], 0) == ()
    assert choose([late], -1) == ()


def test_next_run_is_now_for_who_is_due_and_none_for_who_never_is() -> None:
    assert next_run(NIGHTLY, None, now=NOON, zone=UTC_ZONE, first_seen=NOON) == NOON
    assert next_run(NIGHTLY, None, now=NOON, zone=UTC_ZONE, first_seen=NOON, paused=True) is None


def two_weeks(client: Client, first: datetime, *, down: tuple[int, int] = (0, 0)) -> list[tuple[datetime, Trigger]]:
    """Tick every fourth minute for two weeks; `down` names the minutes without a supervisor."""
    runs: list[tuple[datetime, Trigger]] = []
    past = history(record(started=first - timedelta(minutes=30)))
    for minute in range(0, 14 * 24 * 60, 4):
        now = first + timedelta(minutes=minute, seconds=17)
        if down[0] <= minute < down[1]:
            continue
        due = decide(client, past, now=now, zone=BERLIN, first_seen=first)
        if isinstance(due, Due):
            runs.append((now.astimezone(BERLIN), due.trigger))
            past = history(record(started=now))
    return runs


@pytest.mark.parametrize("first", [datetime(2026, 3, 22, 11, tzinfo=UTC), datetime(2026, 10, 18, 11, tzinfo=UTC)])
@pytest.mark.parametrize("schedule", ["30 2 * * *", "0 3 * * *", "59 1 * * *", "0 0 * * *"])
def test_a_nightly_schedule_runs_once_each_night_through_both_changes_of_the_clock(
    schedule: str, first: datetime
) -> None:
    runs = two_weeks(one(schedule=f'"{schedule}"'), first)

    days = [moment.date() for moment, _ in runs]
    assert days == [(first + timedelta(days=day)).date() for day in range(1, 15)]
    assert {why for _, why in runs} == {Trigger.SCHEDULE}


@pytest.mark.parametrize("first", [datetime(2026, 3, 22, 11, tzinfo=UTC), datetime(2026, 10, 18, 11, tzinfo=UTC)])
def test_an_interval_ignores_the_changes_of_the_clock(first: datetime) -> None:
    runs = two_weeks(one(every='"6h"'), first)

    gaps = {later.astimezone(UTC) - earlier.astimezone(UTC) for (earlier, _), (later, _) in itertools.pairwise(runs)}
    assert gaps == {timedelta(hours=6)}


def test_two_weeks_with_five_days_of_downtime_have_one_catch_up() -> None:
    runs = two_weeks(NIGHTLY, datetime(2026, 3, 22, 11, tzinfo=UTC), down=(2 * 1440, 7 * 1440))

    assert [why for _, why in runs].count(Trigger.CATCH_UP) == 1
    assert len(runs) == 14 - 5 + 1


@given(
    st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(min_value=0, max_value=100_000),
    st.sampled_from(["30 2 * * *", "*/15 * * * *", "0 4 * * 1", "@daily", "@weekly"]),
    st.sampled_from(["", '"22:00-06:00"', '"01:00-02:00"']),
    st.sampled_from([Outcome.SUCCESS, Outcome.FAILED, Outcome.SKIPPED]),
)
def test_who_is_not_due_is_due_at_the_time_that_was_named(
    started: datetime, minutes: int, schedule: str, window: str, outcome: Outcome
) -> None:
    keys = {"window": window} if window else {}
    client = one(schedule=f'"{schedule}"', **keys)
    past = history(record(outcome, started=started))
    now = started + timedelta(minutes=minutes)

    decision = decide(client, past, now=now, zone=BERLIN, first_seen=started)

    if isinstance(decision, NotDue):
        assert decision.until is not None
        assert decision.until > now
        assert isinstance(decide(client, past, now=decision.until, zone=BERLIN, first_seen=started), Due)
    else:
        assert decision.since <= now
