"""When a machine that sleeps is asked again: often where it may be up, seldom where it hardly ever is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from appliance.plan.due import NotDue, decide
from appliance.plan.habits import OFTEN, SELDOM, Habit, learn
from appliance.record import Operation, Outcome, Reason, RunRecord
from tests.house import history, one, record

BERLIN = ZoneInfo("Europe/Berlin")
# A Monday.
MONDAY = datetime(2026, 11, 16, 0, 0, tzinfo=BERLIN)


def at(day: int, hour: int) -> datetime:
    return (MONDAY + timedelta(days=day, hours=hour)).astimezone(UTC)


def tried(when: datetime, *, there: bool, reason: Reason = Reason.OFFLINE) -> RunRecord:
    if there:
        return record(started=when)
    return record(Outcome.SKIPPED, reason, started=when)


def evenings(weeks: int = 2) -> list[RunRecord]:
    """A laptop that is up from 18 to 22 on working days, and the whole day at weekends."""
    days = range(7 * weeks)
    return [tried(at(day, hour), there=hour in range(18, 22) or day % 7 >= 5) for day in days for hour in range(24)]


def test_nothing_known_means_often() -> None:
    assert Habit().next_try(at(0, 3), BERLIN) == at(0, 3) + OFTEN


def test_at_an_hour_at_which_it_is_never_there_it_is_asked_seldom() -> None:
    habit = learn(evenings(), BERLIN)

    assert habit.next_try(at(21, 3), BERLIN) == at(21, 3) + SELDOM
    assert habit.next_try(at(21, 19), BERLIN) == at(21, 19) + OFTEN


def test_it_is_asked_as_soon_as_its_hours_begin() -> None:
    habit = learn(evenings(), BERLIN)

    assert habit.next_try(at(21, 16) + timedelta(minutes=30), BERLIN) == at(21, 18) + timedelta(minutes=10)


def test_a_weekend_is_no_working_day() -> None:
    habit = learn(evenings(), BERLIN)

    assert habit.next_try(at(26, 3), BERLIN) == at(26, 3) + OFTEN


def test_a_few_nights_away_are_no_habit_yet() -> None:
    habit = learn([tried(at(day, 3), there=False) for day in range(4)], BERLIN)

    assert habit.next_try(at(7, 2) + timedelta(minutes=50), BERLIN) == at(7, 3) + timedelta(minutes=10)


def test_a_failure_that_is_no_absence_says_nothing_of_it() -> None:
    broken = [record(Outcome.FAILED, Reason.NO_SPACE, started=at(day, 3)) for day in range(5)]
    pruned = [record(started=at(day, 3), operation=Operation.PRUNE) for day in range(5)]

    assert learn([*broken, *pruned], BERLIN) == Habit()


def test_the_planner_waits_as_long_as_the_habit_says() -> None:
    client = one(schedule='"0 3 * * *"', offline='"skip"')
    away = history(record(started=at(20, 3)), tried(at(21, 3), there=False))

    def until(habit: Habit) -> datetime | None:
        found = decide(client, away, now=at(21, 3) + timedelta(minutes=11), zone=BERLIN, first_seen=MONDAY, habit=habit)
        assert isinstance(found, NotDue)
        return found.until

    ended = away.last.finished
    assert ended is not None
    assert until(Habit()) == ended + OFTEN
    assert until(learn([tried(at(day, hour), there=False) for day in range(14) for hour in range(8)], BERLIN)) == (
        ended + SELDOM
    )
