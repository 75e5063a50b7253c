"""A year in seconds: whatever fails, nobody goes unnoticed, and nothing goes that `keep` holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.simulated import House

if TYPE_CHECKING:
    from pathlib import Path


def test_in_a_year_of_failures_nobody_goes_unnoticed_and_nothing_goes_that_is_kept(tmp_path: Path) -> None:
    begin = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    house = House(tmp_path / "journal.sqlite", 3, begin, seed=1, step=timedelta(hours=1), look=timedelta(hours=1))

    seen = house.live(365)

    assert seen.unnoticed == []
    assert seen.false_alarms == []
    assert seen.wrongly_pruned == []
    assert house.overdue_checks(house.clock.now()) == []
    assert seen.overdue > 3
    assert seen.failed > 25
    assert seen.pruned > 700
    for client in house.appliance.clients:
        assert 10 <= len(house.journal.archives(client.name)) <= 20
    house.journal.close()
