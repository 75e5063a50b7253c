"""What every clock does."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from appliance.edges.clock import SystemClock
from tests.fakes import FixedClock


@pytest.mark.parametrize("clock", [SystemClock(), FixedClock()], ids=["system", "fixed"])
def test_the_time_is_in_utc_and_never_goes_back(clock: SystemClock | FixedClock) -> None:
    first = clock.now()

    assert first.tzinfo is UTC
    assert clock.now() >= first


def test_a_fixed_clock_moves_only_when_it_is_told_to() -> None:
    clock = FixedClock()
    before = clock.now()

    clock.advance(timedelta(hours=2))

    assert clock.now() == before + timedelta(hours=2)
