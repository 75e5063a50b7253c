"""How often something is to be done: words that fall into the night, durations, never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from appliance.config.frequency import WORDS, Frequency
from tests.house import NOON, one

BERLIN = ZoneInfo("Europe/Berlin")
GAPS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(weeks=1)}


def following(text: str, moment: datetime = NOON, salt: str = "web1") -> datetime:
    found = Frequency.parse(text).next_after(moment, salt, BERLIN)
    assert found is not None
    return found


@pytest.mark.parametrize("word", ["daily", "weekly", "monthly"])
def test_a_word_falls_into_the_night(word: str) -> None:
    assert 0 <= following(word).astimezone(BERLIN).hour < 6


@pytest.mark.parametrize(("word", "gap"), GAPS.items())
def test_a_word_comes_round_as_often_as_it_says(word: str, gap: timedelta) -> None:
    first = following(word)

    assert following(word, first) - first == gap


@pytest.mark.parametrize("word", WORDS)
def test_clients_do_not_all_come_at_once(word: str) -> None:
    assert len({following(word, salt=f"web{number}") for number in range(20)}) > 10


def test_a_duration_counts_from_the_last_time() -> None:
    assert following("10d") == NOON + timedelta(days=10)


def test_never_never_comes() -> None:
    assert Frequency.parse("never").next_after(NOON, "web1", BERLIN) is None


@pytest.mark.parametrize("value", ["", "5m", "yearly", 7, None, "@daily"])
def test_anything_else_is_refused_with_what_to_write(value: object) -> None:
    with pytest.raises(ValueError, match="write"):
        Frequency.parse(value)


def test_what_a_client_leaves_out_of_check_keeps_its_default() -> None:
    check = one(check='{ data = "10d" }').check

    assert (str(check.repository), str(check.data), str(check.drill)) == ("weekly", "10d", "weekly")
    assert following("weekly", datetime(2026, 11, 22, tzinfo=UTC)) > NOON
