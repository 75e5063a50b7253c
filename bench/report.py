"""The measurements as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.compare import OVERHEAD_LIMIT_SECONDS, STAGES, WANTED_RATIO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.compare import Spread, Timings
    from bench.idle import Idle
    from bench.listing import Row
    from bench.million import Million
    from bench.restores import Restores
    from bench.status import Status
    from bench.year import Year

RESULTS = Path(__file__).with_name("results")
_MB = 1_000_000
_ROW = "| {:28} | {:>24} | {:>24} |"
_METHOD_ROW = "| {:6} | {:9} | {:14} | {:>7} | {:>7} | {:>6} | {:>8} | {:>10} | {:>10} | {:>6} |"
_METHOD_HEAD = ("RTT", "stage", "way", "minimum", "median", "/ push", "overhead", "Borg's own", "own / push", "wanted")


def comparison(timings: Timings, names: Sequence[str]) -> str:
    """Times, then ratios and the difference, each as median (smallest - largest)."""
    pairs = len(timings.seconds[STAGES[0]][names[0]])
    push, by_hand, ours = names
    lines = [
        f"{pairs} pairs; each cell is the median (smallest - largest)",
        "",
        _ROW.format("", *STAGES),
        _ROW.format(":" + "-" * 27, "-" * 23 + ":", "-" * 23 + ":"),
        *(_ROW.format(f"{way}, seconds", *(text(timings.of(stage, way)) for stage in STAGES)) for way in names),
        *(
            _ROW.format(f"{way} / {base}", *(text(timings.ratio(stage, way, base)) for stage in STAGES))
            for way, base in ((ours, by_hand), (ours, push), (by_hand, push))
        ),
        _ROW.format(
            f"{ours} - {by_hand}, seconds", *(text(timings.difference(stage, ours, by_hand)) for stage in STAGES)
        ),
        "",
        *(_promise(stage, timings.difference(stage, ours, by_hand).median) for stage in STAGES),
    ]
    return "\n".join(lines)


def methods(trip: str, timings: Timings, names: Sequence[str]) -> str:
    """Seconds of each way, and whether it stays within what is wanted of it; the first way is the push by hand."""
    pairs = len(timings.seconds[STAGES[0]][names[0]])
    return "\n".join(
        [
            f"{pairs} pairs; Borg's own time and the overhead (the rest of it) are medians",
            "",
            _METHOD_ROW.format(*_METHOD_HEAD),
            _METHOD_ROW.format(*("-" * 5,) * 3, *("-" * 4 + ":",) * 7),
            *(_method_row(trip, timings, stage, way, names[0]) for stage in STAGES for way in names),
        ]
    )


def idleness(idle: Idle) -> str:
    """What the idle supervisor took."""
    low, high = min(idle.metrics_seconds), max(idle.metrics_seconds)
    median_of = f"answer to /metrics, median of {len(idle.metrics_seconds)}"
    return "\n".join(
        [
            f"idle supervisor with {idle.clients} clients and {idle.days} days of history, over {idle.seconds:.0f} s",
            "",
            "| what                                            |                value |",
            "| :---------------------------------------------- | -------------------: |",
            f"| memory of the process (resident)                | {idle.resident_bytes / _MB:17.1f} MB |",
            f"| memory of the container (docker stats)          | {idle.container_memory:>20} |",
            f"| CPU of the process, of one core                 | {idle.cpu_percent:18.2f} % |",
            f"| CPU of the container with its health checks     | {idle.container_cpu_percent:18.2f} % |",
            f"| {median_of:47} | {idle.metrics_median * 1000:17.0f} ms |",
            f"| answer to /metrics, fastest - slowest           | {f'{low * 1000:.0f} - {high * 1000:.0f} ms':>20} |",
            f"| CPU of one answer to /metrics                   | {idle.metrics_cpu_seconds * 1000:17.0f} ms |",
            f"| size of /metrics                                | {idle.metrics_bytes / 1000:17.0f} kB |",
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was measured; None where a part was not asked for."""

    runs: Timings | None
    methods: Mapping[str, Timings] | None
    restores: Restores | None
    listing: Sequence[Row] | None
    million: Million | None
    year: Year | None
    status: Status | None
    idle: Idle | None


def keep(found: Found) -> Path:
    """Write everything measured to a file of its own; returns where."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    measured = {"measured": now.isoformat(timespec="seconds"), **asdict(found)}
    path.write_text(json.dumps(measured, indent=2) + "\n", "utf-8")
    return path


def _method_row(trip: str, timings: Timings, stage: str, way: str, push: str) -> str:
    took, borg, overhead = timings.of(stage, way), timings.borg(stage, way), timings.overhead(stage, way)
    most = WANTED_RATIO * timings.of(stage, push).median + overhead.median
    wanted = "" if way == push else "yes" if took.median <= most else "NO"
    ratio = timings.ratio(stage, way, push).median
    borg_ratio = borg.median / timings.borg(stage, push).median
    numbers = (took.low, took.median, ratio, overhead.median, borg.median, borg_ratio)
    return _METHOD_ROW.format(trip, stage, way, *(f"{number:.2f}" for number in numbers), wanted)


def text(spread: Spread) -> str:
    """Write median (smallest - largest)."""
    return f"{spread.median:.2f} ({spread.low:.2f} - {spread.high:.2f})"


def _promise(stage: str, seconds: float) -> str:
    holds = "holds" if seconds <= OVERHEAD_LIMIT_SECONDS else "does NOT hold"
    return f"at most {OVERHEAD_LIMIT_SECONDS:g} s more than by hand, {stage}: {seconds:+.2f} s, it {holds}"
