"""Schedules: cron as Debian reads it, and what is overdue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.schedule import MACROS, Schedule

BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,38}", fullmatch=True)


def times(schedule: str, first: datetime, last: datetime, zone: ZoneInfo = BERLIN) -> list[str]:
    """All times in [first, last), as a clock on the wall with its offset shows them."""
    found = []
    moment = first - timedelta(seconds=1)
    while (moment := Schedule.parse(schedule).next_after(moment, "web1", zone)) < last:
        found.append(moment.astimezone(zone).strftime("%m-%d %H:%M%z"))
    return found


# The clocks go forward on 2027-03-28 at 02:00 and back on 2027-10-31 at 03:00.
SPRING = (datetime(2027, 3, 21, tzinfo=BERLIN), datetime(2027, 4, 4, tzinfo=BERLIN))
AUTUMN = (datetime(2027, 10, 24, tzinfo=BERLIN), datetime(2027, 11, 7, tzinfo=BERLIN))


@pytest.mark.parametrize(
    "schedule", ["30 1 * * *", "30 2 * * *", "0 2 * * *", "30 3 * * *", "0 0 * * *", "H H(1-4) * * *"]
)
@pytest.mark.parametrize(("first", "last"), [SPRING, AUTUMN])
def test_a_daily_time_comes_once_on_each_of_the_fourteen_days(schedule: str, first: datetime, last: datetime) -> None:
    days = [text[:5] for text in times(schedule, first, last)]

    assert days == [(first + timedelta(days=day)).strftime("%m-%d") for day in range(14)]


@pytest.mark.parametrize(
    ("schedule", "window", "expected"),
    [
        ("30 2 * * *", SPRING, ["03-27 02:30+0100", "03-28 03:00+0200", "03-29 02:30+0200"]),
        ("30 1 * * *", SPRING, ["03-27 01:30+0100", "03-28 01:30+0100", "03-29 01:30+0200"]),
        ("30 3 * * *", SPRING, ["03-27 03:30+0100", "03-28 03:30+0200", "03-29 03:30+0200"]),
        ("30 2 * * *", AUTUMN, ["10-30 02:30+0200", "10-31 02:30+0200", "11-01 02:30+0100"]),
        ("30 3 * * *", AUTUMN, ["10-30 03:30+0200", "10-31 03:30+0100", "11-01 03:30+0100"]),
    ],
)
def test_a_time_around_the_change_of_clocks_is_what_users_of_cron_expect(
    schedule: str, window: tuple[datetime, datetime], expected: list[str]
) -> None:
    assert times(schedule, *window)[6:9] == expected


@pytest.mark.parametrize(("first", "last", "hours"), [(*SPRING, 14 * 24 - 1), (*AUTUMN, 14 * 24 + 1)])
def test_each_hour_means_each_real_hour_across_the_change(first: datetime, last: datetime, hours: int) -> None:
    assert len(times("15 * * * *", first, last)) == hours


def test_a_question_asked_in_the_repeated_hour_is_not_answered_with_the_past() -> None:
    second_pass = datetime(2027, 10, 31, 2, 10, tzinfo=BERLIN, fold=1).astimezone(UTC)

    found = Schedule.parse("30 2 * * *").next_after(second_pass, "web1", BERLIN)

    assert found == datetime(2027, 11, 1, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("30 2 * * *", "2027-01-01 02:30"),
        ("0 0 * * 0", "2027-01-03 00:00"),
        ("0 0 * * 7", "2027-01-03 00:00"),
        ("0 0 * * MON", "2027-01-04 00:00"),
        ("0 0 13 * FRI", "2027-01-08 00:00"),
        ("0 0 L * *", "2027-01-31 00:00"),
        ("*/20 * * * *", "2027-01-01 00:20"),
        ("0 6-18/4 * JAN-MAR *", "2027-01-01 06:00"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("0 2 1,15 * *", "2027-01-01 02:00"),
    ],
)
def test_cron_fields_mean_what_debian_says(schedule: str, expected: str) -> None:
    found = Schedule.parse(schedule).next_after(datetime(2027, 1, 1, tzinfo=UTC), "web1", UTC_ZONE)

    assert found.strftime("%Y-%m-%d %H:%M") == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "a * * * *",
        ),
        *(
            "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *",
            "0 0 30 2 *",
            "0 0 31 4,6 *",
            "@dayly",
            "@reboot",
            "@",
            "every 6h",
        ),
        *("H(5-1) * * * *", "H(0-60) * * * *", "H/0 * * * *", "H/61 * * * *", "H(0-4)/9 * * * *", "* * H(0-5) * *"),
        *("H() * * * *", "HH * * * *", "1,,2 * * * *", "0 " + "9" * 5000 + " * * *", 3, None),
    ],
)
def test_a_schedule_is_refused_with_a_sentence(text: object) -> None:
    with pytest.raises(ValueError, match=r"write|names a day|H spreads"):
        Schedule.parse(text)


@pytest.mark.parametrize("macro", MACROS)
def test_a_short_form_is_kept_as_written(macro: str) -> None:
    assert str(Schedule.parse(macro)) == macro


def test_midnight_written_as_numbers_stays_exact() -> None:
    assert Schedule.parse("0 0 * * *").cron("web1") == "0 0 * * *"


def test_every_counts_from_the_moment_it_is_asked_about() -> None:
    schedule = Schedule.every(timedelta(hours=6))
    moment = datetime(2027, 3, 28, 1, 30, tzinfo=BERLIN)

    found = schedule.next_after(moment, "web1", BERLIN)

    assert found - moment.astimezone(UTC) == timedelta(hours=6)
    assert found.tzinfo is UTC
    assert schedule.interval == timedelta(hours=6)
    assert schedule.cron("web1") == ""


def test_every_below_a_minute_is_refused() -> None:
    with pytest.raises(ValueError, match="too often"):
        Schedule.every(timedelta(seconds=59))


@given(
    st.sampled_from(["30 2 * * *", "@hourly", "@daily", "*/7 3-5 * * MON-FRI", "H/15 * * * *", "0 2 L * *"]),
    NAMES,
    st.datetimes(datetime(2026, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 - hypothesis wants naive bounds
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_the_next_time_is_always_later_and_a_whole_minute_in_utc(
    text: str, name: str, moment: datetime, zone: str
) -> None:
    asked = moment.replace(tzinfo=UTC)

    found = Schedule.parse(text).next_after(asked, name, ZoneInfo(zone))

    assert found > asked
    assert found.tzinfo is UTC
    assert (found.second, found.microsecond) == (0, 0)


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [
        (Schedule.every(timedelta(hours=6)), 24),
        (Schedule.parse("@hourly"), 14),
        (Schedule.parse("@daily"), 60),
        (Schedule.parse("30 2 * * *"), 60),
        (Schedule.parse("0 2 * * 1-5"), 108),
        (Schedule.parse("0 8-17 * * *"), 28),
        (Schedule.parse("@weekly"), 14 * 24 + 12),
        (Schedule.parse("@monthly"), 62 * 24 + 12),
    ],
    ids=str,
)
def test_one_missed_run_is_forgiven_and_the_second_is_overdue(schedule: Schedule, hours: int) -> None:
    assert schedule.overdue_after == timedelta(hours=hours)


@given(st.sampled_from(["30 2 * * *", "  30   2 * * *", "@daily", "H H(1-4) * * *"]))
def test_equal_schedules_are_equal_values(text: str) -> None:
    assert Schedule.parse(text) == Schedule.parse(str(Schedule.parse(text)))
    assert hash(Schedule.parse(text)) == hash(Schedule.parse(" ".join(text.split())))
