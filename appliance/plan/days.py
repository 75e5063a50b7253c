"""Runs folded into days: which days had a good backup, and what each day's backups took and added."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from appliance.record import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from appliance.record import Glance


# By the day on which clocks go back.
_LONGEST_DAY = timedelta(hours=25)


class DayState(StrEnum):
    """How the backups of one client went on one day."""

    GOOD = "good"
    WARNING = "warning"
    FAILED = "failed"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The finished backups of one client that began on one day; `number` counts the days from the oldest, 0.

    Durations in seconds and sizes in bytes are sums over its good runs, but `longest_seconds`, which is one run's. What
    is said of the repository is what the newest good run of the day found, None where none looked.
    """

    number: int
    outcomes: Mapping[Outcome, int]
    duration_seconds: float = 0.0
    longest_seconds: float = 0.0
    original_bytes: int = 0
    deduplicated_bytes: int = 0
    disk_bytes: int | None = None

    @property
    def good_runs(self) -> int:
        """How many runs made an archive that counts."""
        return sum(number for outcome, number in self.outcomes.items() if outcome.is_good)

    @property
    def state(self) -> DayState:
        """Good when all went well; a warning when not all did, but there is a backup; failed when there is none.

        A day whose runs were all skipped had no backup to fail.
        """
        made = {outcome for outcome, number in self.outcomes.items() if number and outcome is not Outcome.SKIPPED}
        if not made:
            return DayState.NONE
        if made == {Outcome.SUCCESS}:
            return DayState.GOOD
        return DayState.WARNING if any(outcome.is_good for outcome in made) else DayState.FAILED

    @property
    def mean_seconds(self) -> float | None:
        """How long a good run of that day took; None without one."""
        return self.duration_seconds / self.good_runs if self.good_runs else None

    @property
    def change_rate(self) -> float | None:
        """The part of what was read that was new to the repository, 0 to 1; None when nothing was read."""
        return self.deduplicated_bytes / self.original_bytes if self.original_bytes else None


def day_starts(now: datetime, zone: tzinfo, count: int) -> tuple[datetime, ...]:
    """Return when each of the last `count` days began there, today's last, in UTC; some have 23 or 25 hours."""
    today = now.astimezone(zone).date()
    dates = (today - timedelta(days=back) for back in range(count - 1, -1, -1))
    return tuple(datetime.combine(date, time(), tzinfo=zone).astimezone(UTC) for date in dates)


def fold(glances: Iterable[Glance], starts: Sequence[datetime]) -> Mapping[str, tuple[Day, ...]]:
    """Fold runs, oldest first, into the days that begin at `starts`; days without runs are left out, by client."""
    sums: defaultdict[str, dict[int, _Sum]] = defaultdict(dict)
    for glance in glances:
        number = _day_of(glance.started, starts)
        if number is not None:
            days = sums[glance.client]
            (days.get(number) or days.setdefault(number, _Sum())).add(glance)
    return {client: tuple(one.day(number) for number, one in sorted(days.items())) for client, days in sums.items()}


def days_covered(good_starts: Iterable[tuple[str, datetime]], starts: Sequence[datetime]) -> Mapping[str, set[int]]:
    """Return on which of these days each client had a good backup; days as in `Day.number`."""
    covered: defaultdict[str, set[int]] = defaultdict(set)
    for client, started in good_starts:
        number = _day_of(started, starts)
        if number is not None:
            covered[client].add(number)
    return covered


def _day_of(moment: datetime, starts: Sequence[datetime]) -> int | None:
    """Return the number of its day; what is dated ahead of today belongs to none, and must not stand for each today."""
    number = bisect_right(starts, moment) - 1
    return number if number >= 0 and moment < starts[-1] + _LONGEST_DAY else None


@dataclass(slots=True)
class _Sum:
    """A day that is being added up: a year of a thousand clients is too much for a new value with each run."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    duration_seconds: float = 0.0
    longest_seconds: float = 0.0
    original_bytes: int = 0
    deduplicated_bytes: int = 0
    disk_bytes: int | None = None

    def add(self, glance: Glance) -> None:
        self.outcomes[glance.outcome] += 1
        if not glance.outcome.is_good:
            return
        seconds = glance.seconds
        self.duration_seconds += seconds
        self.longest_seconds = max(self.longest_seconds, seconds)
        self.original_bytes += glance.original_bytes or 0
        self.deduplicated_bytes += glance.deduplicated_bytes or 0
        if glance.disk_bytes is not None:
            self.disk_bytes = glance.disk_bytes

    def day(self, number: int) -> Day:
        return Day(
            number=number,
            outcomes=dict(self.outcomes),
            duration_seconds=self.duration_seconds,
            longest_seconds=self.longest_seconds,
            original_bytes=self.original_bytes,
            deduplicated_bytes=self.deduplicated_bytes,
            disk_bytes=self.disk_bytes,
        )
