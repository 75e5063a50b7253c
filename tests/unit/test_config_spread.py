"""`H` in a schedule: the same for a client for ever, in range, and spread over many clients."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from appliance.config.schedule import Schedule

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,38}", fullmatch=True)


@given(NAMES)
def test_h_is_stable_and_in_range(name: str) -> None:
    minute, hour, day, month, weekday = map(int, Schedule.parse("H H H H H").cron(name).split())

    assert Schedule.parse("H  H H H  H").cron(name).split() == [str(n) for n in (minute, hour, day, month, weekday)]
    assert 0 <= minute <= 59
    assert 0 <= hour <= 23
    assert 1 <= day <= 28
    assert 1 <= month <= 12
    assert 0 <= weekday <= 6


@given(NAMES, st.integers(0, 23), st.integers(0, 23))
def test_h_stays_within_the_range_it_is_given(name: str, one: int, other: int) -> None:
    first, last = sorted((one, other))

    assert first <= int(Schedule.parse(f"0 H({first}-{last}) * * *").cron(name).split()[1]) <= last


@given(NAMES, st.integers(1, 30))
def test_h_with_a_step_keeps_the_step(name: str, step: int) -> None:
    minutes = [int(minute) for minute in Schedule.parse(f"H/{step} * * * *").cron(name).split()[0].split(",")]

    assert 0 <= minutes[0] < step
    assert all(later - earlier == step for earlier, later in pairwise(minutes))
    assert minutes[-1] + step > 59


def test_h_never_changes_between_versions() -> None:
    # A change here moves the time of every client of every user: see that it is meant.
    assert {name: Schedule.parse("@monthly").cron(name) for name in ("web1", "nas", "mail")} == {
        "web1": "43 5 13 * *",
        "nas": "23 3 23 * *",
        "mail": "52 0 12 * *",
    }


def test_h_spreads_a_thousand_clients_over_the_night() -> None:
    crons = [Schedule.parse("@daily").cron(f"client-{number}").split() for number in range(1000)]

    assert {int(hour) for _, hour, *_ in crons} == set(range(6))
    assert len({int(minute) for minute, *_ in crons}) == 60
    assert max(crons.count(cron) for cron in crons) < 20
