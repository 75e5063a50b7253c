"""Runs folded into days, and what a report says of them, in values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.plan.days import Day, DayState, day_starts, days_covered, fold
from appliance.plan.report import ClientReport, HouseReport
from appliance.record import Glance, Outcome
from tests.house import NOON, repository

BERLIN = ZoneInfo("Europe/Berlin")


def glance(days_ago: float = 0, outcome: Outcome = Outcome.SUCCESS, **changes: Any) -> Glance:
    started = NOON - timedelta(days=days_ago)
    made = Glance("web1", started, started + timedelta(minutes=10), outcome, 1000, 100, 5000)
    return made._replace(**changes)


def client(*days: Day, stats: bool = True) -> ClientReport:
    return ClientReport(
        client="web1",
        state="ok",
        archives=1,
        last_success=NOON,
        repository=replace(repository(), total_size=100, total_csize=80, unique_csize=20, disk_size=30)
        if stats
        else None,
        covered_month=1,
        covered_year=1,
        days=days,
    )


def good_day(number: int, *, seconds: float = 10.0, new: int = 10, disk: int | None = 100) -> Day:
    return Day(
        number=number,
        outcomes={Outcome.SUCCESS: 1},
        duration_seconds=seconds,
        longest_seconds=seconds,
        original_bytes=100,
        deduplicated_bytes=new,
        disk_bytes=disk,
    )


def test_days_begin_at_midnight_of_the_zone_and_end_with_today() -> None:
    starts = day_starts(datetime(2026, 11, 22, 23, 30, tzinfo=UTC), BERLIN, 2)

    assert starts == (datetime(2026, 11, 21, 23, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC))


def test_the_day_on_which_clocks_go_back_has_25_hours() -> None:
    first, second, third = day_starts(datetime(2026, 10, 26, 12, tzinfo=UTC), BERLIN, 3)

    assert second - first == timedelta(hours=24)
    assert third - second == timedelta(hours=25)


def test_a_run_belongs_to_the_day_on_which_it_began() -> None:
    starts = day_starts(NOON, UTC, 3)
    late = glance(started=starts[1] - timedelta(seconds=1))

    (day,) = fold([late], starts)["web1"]

    assert day.number == 0


def test_a_run_dated_ahead_covers_no_day_before_its_date() -> None:
    starts, ahead = day_starts(NOON, UTC, 3), NOON.replace(year=2036)

    assert fold([glance(started=ahead)], starts) == {}
    assert days_covered([("web1", ahead), ("web2", NOON)], starts) == {"web2": {2}}


def test_what_began_before_the_first_day_is_left_out() -> None:
    assert fold([glance(3)], day_starts(NOON, UTC, 3)) == {}


def test_a_day_adds_up_its_good_runs_and_keeps_the_newest_size() -> None:
    starts = day_starts(NOON, UTC, 3)
    runs = [
        glance(0.2),
        glance(0.1, Outcome.WARNING, disk_bytes=7000),
        glance(0.05, Outcome.FAILED, original_bytes=None, deduplicated_bytes=None, disk_bytes=None),
        glance(client="other"),
    ]

    folded = fold(runs, starts)

    assert folded["web1"] == (
        Day(
            number=2,
            outcomes={Outcome.SUCCESS: 1, Outcome.WARNING: 1, Outcome.FAILED: 1},
            duration_seconds=1200.0,
            longest_seconds=600.0,
            original_bytes=2000,
            deduplicated_bytes=200,
            disk_bytes=7000,
        ),
    )
    assert folded.keys() == {"web1", "other"}


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ((Outcome.SUCCESS,), DayState.GOOD),
        ((Outcome.SUCCESS, Outcome.SKIPPED), DayState.GOOD),
        ((Outcome.WARNING,), DayState.WARNING),
        ((Outcome.FAILED, Outcome.SUCCESS), DayState.WARNING),
        ((Outcome.FAILED,), DayState.FAILED),
        ((Outcome.INTERRUPTED, Outcome.SKIPPED), DayState.FAILED),
        ((Outcome.SKIPPED,), DayState.NONE),
        ((), DayState.NONE),
    ],
)
def test_a_day_is_only_good_when_all_of_it_went_well(outcomes: tuple[Outcome, ...], state: DayState) -> None:
    assert Day(number=0, outcomes=dict.fromkeys(outcomes, 1)).state is state


def test_a_day_without_a_good_run_knows_no_duration_and_no_change_rate() -> None:
    day = Day(number=0, outcomes={Outcome.FAILED: 2})

    assert (day.mean_seconds, day.change_rate, day.disk_bytes) == (None, None, None)


def test_a_day_is_covered_once_however_many_good_backups_it_had() -> None:
    starts = day_starts(NOON, UTC, 30)
    good = [("web1", NOON), ("web1", NOON - timedelta(hours=1)), ("web1", NOON - timedelta(days=40)), ("db1", NOON)]

    assert days_covered(good, starts) == {"web1": {29}, "db1": {29}}


def test_growth_is_from_the_first_look_to_the_last() -> None:
    grown = client(
        good_day(1), Day(number=2, outcomes={Outcome.FAILED: 1}), good_day(3, disk=None), good_day(9, disk=70)
    )

    assert grown.growth_bytes == -30


def test_growth_is_not_known_after_one_look() -> None:
    assert client(good_day(1)).growth_bytes is None


def test_a_first_backup_hardly_moves_what_is_typical() -> None:
    told = client(good_day(0, seconds=5000, new=100), good_day(1, seconds=20, new=2), good_day(2, seconds=10, new=1))

    assert (told.typical_seconds, told.longest_seconds, told.change_rate) == (20, 5000, 0.02)
    assert told.new_bytes == 103


def test_savings_are_told_with_and_without_compression() -> None:
    told = client(good_day(0))

    assert told.saved == pytest.approx(0.8)
    assert told.saved_by_deduplication == pytest.approx(0.75)


def test_of_a_client_without_runs_nothing_is_claimed() -> None:
    told = client(stats=False)

    assert (told.disk_bytes, told.growth_bytes, told.typical_seconds, told.longest_seconds) == (None,) * 4
    assert (told.change_rate, told.saved, told.saved_by_deduplication, told.new_bytes) == (None, None, None, 0)
    assert dict(told.outcomes) == {}


def test_a_house_adds_up_its_clients_and_weighs_savings_by_size() -> None:
    large = replace(
        client(good_day(0), good_day(1, disk=150)),
        repository=replace(repository(), total_size=900, unique_csize=180, disk_size=70),
    )
    house = HouseReport(
        name="nas",
        made=NOON,
        zone=UTC,
        starts=day_starts(NOON, UTC, 2),
        clients=(client(good_day(0)), large, client(stats=False)),
    )

    assert (house.disk_bytes, house.growth_bytes, house.new_bytes) == (100, 50, 30)
    assert house.saved == pytest.approx(0.8)
    assert dict(house.outcomes) == {Outcome.SUCCESS: 3}


def test_a_house_without_clients_claims_nothing() -> None:
    house = HouseReport(name="nas", made=NOON, zone=UTC, starts=day_starts(NOON, UTC, 2), clients=())

    assert (house.disk_bytes, house.growth_bytes, house.new_bytes, house.saved) == (0, None, 0, None)
