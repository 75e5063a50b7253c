"""A simulated year in a journal: who goes unnoticed, how large the journal gets, and how long `status` takes then."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench import status
from tests.simulated import House

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BEGIN = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
_STEP = timedelta(hours=1)
# A thousand clients are looked at in a fifth of a second; every hour of a year that would be most of the time.
_LOOK = timedelta(hours=6)
_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What a simulated year left. `seconds` is by the clock, `cpu` on the processor."""

    clients: int
    days: int
    seconds: float
    cpu: float
    runs: int
    failed: int
    overdue: int
    pruned: int
    unnoticed: int
    false_alarms: int
    wrongly_pruned: int
    journal_bytes: int
    status: status.Status


def lived(clients: int, days: int, say: Callable[[str], None], keep: Path | None = None) -> Year:
    """Live so many days, and print a line for each month; who is tired of it (Ctrl-C) gets what came of it so far.

    With `keep`, which must not be there yet, journal and configuration stay in that folder, to be asked again.
    """
    with _folder(keep) as place:
        house = House(place / "journal.sqlite", clients, _BEGIN, seed=1, step=_STEP, look=_LOOK)
        began, cpu = time.monotonic(), time.process_time()
        try:
            house.live(days, lambda day: say(f"day {day}: {house.seen.runs} runs") if day % 30 == 0 else None)
        except KeyboardInterrupt:
            say("ended early")
        seen = house.seen
        took, used = time.monotonic() - began, time.process_time() - cpu
        house.journal.close()
        written = sum(file.stat().st_size for file in place.glob("journal.sqlite*"))
        return Year(
            clients=clients,
            days=(house.clock.now() - _BEGIN).days,
            seconds=took,
            cpu=used,
            runs=seen.runs,
            failed=seen.failed,
            overdue=seen.overdue,
            pruned=seen.pruned,
            unnoticed=len(seen.unnoticed),
            false_alarms=len(seen.false_alarms),
            wrongly_pruned=len(seen.wrongly_pruned),
            journal_bytes=written,
            status=status.asked(place, clients),
        )


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep:
        keep.mkdir(parents=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(dir=status.MEMORY) as folder:
        yield Path(folder)


def table(year: Year) -> str:
    """Write it for people."""
    rows = (
        ("runs, of which failed", f"{year.runs:,}, {year.failed:,}"),
        ("times that a client was overdue", f"{year.overdue:,}"),
        ("of these unnoticed; false alarms", f"{year.unnoticed}; {year.false_alarms}"),
        ("archives pruned; pruned although `keep` holds them", f"{year.pruned:,}; {year.wrongly_pruned}"),
        ("journal", f"{year.journal_bytes / _MIB:.0f} MiB (wanted: < 200 MB)"),
        *((f"{name}: CPU, by the clock", value) for name, value in status.rows(year.status)),
    )
    simulated = f"simulated in {year.seconds:.0f} s, {year.cpu:.0f} s of CPU"
    head = f"| {year.clients:,} clients, {year.days} days | {simulated} |\n|---|---|\n"
    return head + "".join(f"| {name} | {value} |\n" for name, value in rows)
