"""How fast runs in progress read, and when they will be done: from what was seen of them in the last seconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.cli.present_run import MOVING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from appliance.record import Progress, RunRecord

# Long enough that a large file read from a cache does not make the estimate jump.
_WINDOW = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRun:
    """A run in progress as it is shown. Sizes in bytes; `expected` is None where nobody knows how much there is.

    `rate` is in bytes a second, None before there are two looks at moving numbers.
    """

    record: RunRecord
    progress: Progress | None
    expected: int | None = None
    rate: float | None = None

    @property
    def done(self) -> int:
        """How much was read so far."""
        return self.progress.original_size if self.progress else 0

    @property
    def is_moving(self) -> bool:
        """Whether it is in a step in which numbers move."""
        return self.progress is not None and self.progress.step in MOVING

    @property
    def remaining(self) -> timedelta | None:
        """How long it will still take at this rate; None where that cannot be said."""
        if self.expected is None or not self.rate or self.done >= self.expected:
            return None
        return timedelta(seconds=(self.expected - self.done) / self.rate)


class Paces:
    """Remembers the last looks at each run in progress; forgets runs that are not shown to it any more."""

    def __init__(self) -> None:
        self._looks: dict[str, deque[tuple[datetime, int]]] = {}

    def look(self, runs: Sequence[tuple[RunRecord, Progress | None, int | None]]) -> tuple[LiveRun, ...]:
        """Take one more look at every run in progress: its record, its progress and how much is expected."""
        self._looks = {record.run_id: self._looks.get(record.run_id, deque()) for record, _, _ in runs}
        return tuple(
            LiveRun(
                record=record,
                progress=progress,
                expected=(progress.total_size if progress else 0) or expected,
                rate=self._rate(record, progress),
            )
            for record, progress, expected in runs
        )

    def _rate(self, record: RunRecord, progress: Progress | None) -> float | None:
        if progress is None or progress.updated is None or progress.step not in MOVING:
            self._looks[record.run_id].clear()
            return None
        looks = self._looks[record.run_id]
        if not looks or looks[-1][0] < progress.updated:
            looks.append((progress.updated, progress.original_size))
        while looks[-1][0] - looks[0][0] > _WINDOW:
            looks.popleft()
        seconds = (looks[-1][0] - looks[0][0]).total_seconds()
        return max(0, looks[-1][1] - looks[0][1]) / seconds if seconds > 0 else None
