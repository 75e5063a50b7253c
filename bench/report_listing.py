"""The measurements of pulls with nothing installed on the client, as a table for people."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from bench.compare import Spread
from bench.listing import BASE
from bench.report import text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.listing import Row

_MB = 1_000_000
_ROW = "| {:9} | {:7} | {:>20} | {:>18} | {:>20} | {:>18} | {:>10} | {:>10} | {:>9} | {:>8} | {:>9} | {:>9} | {:>14} |"
_HEAD = (
    "stage", "way", "seconds", "/ push", "work, seconds", "work / push", "server CPU", "client CPU", "wire MB",
    "req/file", "server MB", "client MB", "wanted",
)  # fmt: skip


def listing(rows: Sequence[Row]) -> str:
    """Everything measured of one tree at one round trip; numbers without a spread are medians."""
    pairs = 1 + max(row.pair for row in rows)
    load = Spread.of([row.load for row in rows])
    stages, ways = dict.fromkeys(row.stage for row in rows), dict.fromkeys(row.way for row in rows)
    cell = f"{rows[0].tree} tree of {rows[0].files} files, round trip {rows[0].round_trip:g} ms"
    head = f"{cell}; {pairs} pairs, load {text(load)}"
    lines = [head, "", _ROW.format(*_HEAD), _ROW.format(*("-" * 5,) * 2, *("-" * 4 + ":",) * (len(_HEAD) - 2))]
    for stage in stages:
        of_stage = [row for row in rows if row.stage == stage]
        base = [row for row in of_stage if row.way == BASE]
        lines += [_line([row for row in of_stage if row.way == way], base) for way in ways]
    return "\n".join(lines)


def _line(rows: Sequence[Row], base: Sequence[Row]) -> str:
    one = rows[0]
    took = _ratio(rows, base, lambda row: row.seconds)
    worked = _ratio(rows, base, lambda row: row.work_seconds)
    return _ROW.format(
        one.stage,
        one.way,
        text(Spread.of([row.seconds for row in rows])),
        text(took) if took else "",
        text(Spread.of([row.work_seconds for row in rows])),
        text(worked) if worked else "",
        _middle([row.server.cpu_seconds for row in rows], 1, 2),
        _middle([row.client.cpu_seconds for row in rows], 1, 2),
        _middle([row.wire_bytes for row in rows], _MB, 1),
        _middle([row.requests for row in rows], one.files, 2),
        _middle([row.server.resident_bytes for row in rows], _MB, 0),
        _middle([row.client.resident_bytes for row in rows], _MB, 0),
        _promise(one, took, worked),
    )


def _ratio(rows: Sequence[Row], base: Sequence[Row], number: Callable[[Row], float]) -> Spread | None:
    """Divide pair by pair; None without a base."""
    of_base = {row.pair: number(row) for row in base}
    return Spread.of([number(row) / of_base[row.pair] for row in rows]) if of_base else None


def _middle(numbers: Sequence[float | None], unit: float, digits: int) -> str:
    known = [number / unit for number in numbers if number is not None]
    return f"{median(known):.{digits}f}" if known else ""


def _promise(row: Row, took: Spread | None, worked: Spread | None) -> str:
    """Say what is wanted and whether it holds, by the clock and for the work alone."""
    wanted = _wanted(row)
    if wanted is None or took is None or worked is None:
        return ""
    held = ("yes" if ratio.median <= wanted else "NO" for ratio in (took, worked))
    return f"{wanted:g}: {', '.join(held)}"


def _wanted(row: Row) -> float | None:
    """Return how many times the push it may take, if anything is said of it."""
    match row.way, row.stage:
        case "listing", "first":
            return 1.1
        case "listing", "unchanged":
            return 1.3
        case "sftp", "first" | "unchanged" if row.round_trip == 20:
            return 3.0
        case _:
            return None
