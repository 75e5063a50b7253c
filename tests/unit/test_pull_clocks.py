from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from appliance.pull.clocks import apart_by_answer, apart_by_sftp, too_far
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.pull.control import Control


class Timed:
    """Answers for a control connection to a machine whose clock is off."""

    def __init__(self, ahead: float | None) -> None:
        self.ahead = ahead
        self.asked: list[str] = []

    def modified(self, path: str) -> float | None:
        self.asked.append(path)
        return None if self.ahead is None else time.time() + self.ahead


def test_sftp_tells_the_time_by_a_file_that_the_kernel_makes_up() -> None:
    client = Timed(7200)

    apart = apart_by_sftp(cast("Control", client))

    assert client.asked == ["/proc/self/stat"]
    assert apart is not None
    assert abs(apart - timedelta(hours=2)) < timedelta(seconds=5)


def test_a_client_without_such_a_file_does_not_tell() -> None:
    assert apart_by_sftp(cast("Control", Timed(None))) is None


@pytest.mark.parametrize("said", ["", "yesterday", "-5", "1e9", "9" * 13, "\u0663"])
def test_what_is_no_number_of_seconds_tells_nothing(said: str) -> None:
    assert apart_by_answer(said) is None


@pytest.mark.parametrize("seconds", [None, 0, 59, -59])
def test_clocks_that_are_near_or_not_known_are_no_news(seconds: int | None) -> None:
    assert too_far(None if seconds is None else timedelta(seconds=seconds)) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(7200.4, "2:00:00 (hours:minutes:seconds) ahead of"), (-90, "0:01:30 (hours:minutes:seconds) behind")],
)
def test_clocks_that_are_apart_say_how_far_and_which_is_ahead(seconds: float, words: str) -> None:
    found = too_far(timedelta(seconds=seconds))

    assert found is not None
    assert found[0] is Reason.CLOCK
    assert f"Its clock is {words} this server's" in found[1]
