"""A simulated year in a journal: who goes unnoticed, how large the journal gets, and how fast `status` is then."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.simulated import House, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulated import Seen

_BEGIN = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
_STEP = timedelta(hours=1)
# A thousand clients are looked at in a fifth of a second; every hour of a year that would be most of the time.
_LOOK = timedelta(hours=6)
_TIMES = 5
_MIB = 1 << 20
# A disk in memory: the year is about what is written, and a real one takes hours to write it.
_MEMORY = "/dev/shm"  # noqa: S108


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What a simulated year left; `status_seconds` is the median of whole commands, Python's start included."""

    clients: int
    days: int
    seconds: float
    runs: int
    failed: int
    overdue: int
    pruned: int
    unnoticed: int
    false_alarms: int
    wrongly_pruned: int
    journal_bytes: int
    status_seconds: float
    help_seconds: float


def lived(clients: int, days: int, say: Callable[[str], None]) -> Year:
    """Live so many days, and print a line for each month."""
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        place = Path(folder)
        house = House(place / "journal.sqlite", clients, _BEGIN, seed=1, step=_STEP, look=_LOOK)
        began = time.monotonic()
        seen = house.live(days, lambda day: say(f"day {day}: {house.seen.runs} runs") if day % 30 == 0 else None)
        took = time.monotonic() - began
        house.journal.close()
        (place / "borgpull.toml").write_text(written(clients), "utf-8")
        return _year(place, seen, clients, days, took)


def table(year: Year) -> str:
    """Write it for people."""
    rows = (
        ("runs, of which failed", f"{year.runs:,}, {year.failed:,}"),
        ("times that a client was overdue", f"{year.overdue:,}"),
        ("of these unnoticed; false alarms", f"{year.unnoticed}; {year.false_alarms}"),
        ("archives pruned; pruned although `keep` holds them", f"{year.pruned:,}; {year.wrongly_pruned}"),
        ("journal", f"{year.journal_bytes / _MIB:.0f} MiB (wanted: < 200 MB)"),
        ("`borgpull status`", f"{1000 * year.status_seconds:.0f} ms, of it {1000 * year.help_seconds:.0f} ms to start"),
    )
    head = f"| {year.clients:,} clients, {year.days} days | simulated in {year.seconds:.0f} s |\n|---|---|\n"
    return head + "".join(f"| {name} | {value} |\n" for name, value in rows)


def _year(place: Path, seen: Seen, clients: int, days: int, took: float) -> Year:
    return Year(
        clients=clients,
        days=days,
        seconds=took,
        runs=seen.runs,
        failed=seen.failed,
        overdue=seen.overdue,
        pruned=seen.pruned,
        unnoticed=len(seen.unnoticed),
        false_alarms=len(seen.false_alarms),
        wrongly_pruned=len(seen.wrongly_pruned),
        journal_bytes=sum(file.stat().st_size for file in place.glob("journal.sqlite*")),
        status_seconds=_median_of(place, "status"),
        help_seconds=_median_of(place, "status", "--help"),
    )


def _median_of(place: Path, *words: str) -> float:
    folders = dict.fromkeys(("BORGPULL_CONFIG", "BORGPULL_STATE", "BORGPULL_REPOS"), str(place))
    environment = {**os.environ, **folders}
    taken = []
    for _ in range(_TIMES):
        began = time.monotonic()
        argv = (sys.executable, "-m", "appliance", *words)
        subprocess.run(argv, env=environment, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.monotonic() - began)
    return median(taken)
