"""A report as values: how each client and the whole house went over a number of days. Made of the journal alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

    from appliance.plan.days import Day
    from appliance.record import Outcome, RepositoryStats

# How far back covered days are counted, whatever the days of the report.
MONTH, YEAR = 30, 365


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientReport:
    """One client. `days` are those with runs, oldest first; sizes in bytes, durations in seconds, rates 0 to 1.

    `repository` is what the newest good backup of all time found; the rest is about the days of the report. A number
    that nobody can know is None. `covered_month` and `covered_year` are the days with a good backup among the last 30
    and 365.
    """

    client: str
    state: str
    archives: int
    last_success: datetime | None
    repository: RepositoryStats | None
    covered_month: int
    covered_year: int
    days: tuple[Day, ...]

    @property
    def outcomes(self) -> Mapping[Outcome, int]:
        """How many backups ended so."""
        return _outcomes(self.days)

    @property
    def disk_bytes(self) -> int | None:
        """The size of the repository on the disk."""
        return self.repository.disk_size if self.repository else None

    @property
    def growth_bytes(self) -> int | None:
        """What the repository grew by, from the first look to the last; None without two looks."""
        looks = [day.disk_bytes for day in self.days if day.disk_bytes is not None]
        return looks[-1] - looks[0] if len(looks) > 1 else None

    @property
    def new_bytes(self) -> int:
        """What the backups added to the repository."""
        return sum(day.deduplicated_bytes for day in self.days)

    @property
    def typical_seconds(self) -> float | None:
        """How long a good backup takes: the median of the days."""
        known = [day.mean_seconds for day in self.days if day.mean_seconds is not None]
        return median(known) if known else None

    @property
    def longest_seconds(self) -> float | None:
        """How long the longest good backup took."""
        return max((day.longest_seconds for day in self.days if day.good_runs), default=None)

    @property
    def change_rate(self) -> float | None:
        """Which part of what is read is new each day: the median of the days, so that a first backup counts little."""
        known = [day.change_rate for day in self.days if day.change_rate is not None]
        return median(known) if known else None

    @property
    def saved(self) -> float | None:
        """Which part of the plain size of all archives deduplication and compression save."""
        return _saved(self.repository.total_size, self.repository.unique_csize) if self.repository else None

    @property
    def saved_by_deduplication(self) -> float | None:
        """Which part of the compressed size of all archives deduplication saves."""
        return _saved(self.repository.total_csize, self.repository.unique_csize) if self.repository else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseReport:
    """All clients over the days that begin at `starts` (UTC; midnights of `zone`), the last of them today."""

    name: str
    made: datetime
    zone: tzinfo
    starts: tuple[datetime, ...]
    clients: tuple[ClientReport, ...]

    @property
    def outcomes(self) -> Mapping[Outcome, int]:
        """How many backups of all clients ended so."""
        return _outcomes([day for client in self.clients for day in client.days])

    @property
    def disk_bytes(self) -> int:
        """What all repositories take on the disk."""
        return sum(client.disk_bytes or 0 for client in self.clients)

    @property
    def growth_bytes(self) -> int | None:
        """What they grew by; None when that is known of none."""
        known = [client.growth_bytes for client in self.clients if client.growth_bytes is not None]
        return sum(known) if known else None

    @property
    def new_bytes(self) -> int:
        """What all backups added."""
        return sum(client.new_bytes for client in self.clients)

    @property
    def saved(self) -> float | None:
        """Which part of the plain size of all archives of all clients is saved."""
        known = [client.repository for client in self.clients if client.repository]
        return _saved(sum(one.total_size for one in known), sum(one.unique_csize for one in known))


def _outcomes(days: Sequence[Day]) -> Counter[Outcome]:
    found: Counter[Outcome] = Counter()
    for day in days:
        found.update(day.outcomes)
    return found


def _saved(plain: int, kept: int) -> float | None:
    return 1 - kept / plain if plain else None
