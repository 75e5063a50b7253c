"""The measurements of what comes back out of an archive, as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.million import BY_HAND, OURS
from bench.report import text
from bench.restores import RESTORE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.million import Million
    from bench.restores import Restores

_MB = 1_000_000
_RESTORE_ROW = "| {:13} | {:>23} | {:>20} | {:>20} | {:>12} |"
_RESTORE_HEAD = ("way", "seconds", "/ borg extract", "/ borg over ssh", "container MB")
_QUESTION_ROW = "| {:17} | {:>7} | {:>23} | {:>23} | {:>20} | {:>10} | {:>12} | {:>10} |"
_QUESTION_HEAD = (
    "question",
    "entries",
    "borgpull, s",
    "borg list, s",
    "ratio",
    "command MB",
    "container MB",
    "borg MB",
)


def restored(found: Restores) -> str:
    """Seconds and ratios of each way, as median (smallest - largest), and the memory of the appliance's container."""
    timings, bare = found.timings, found.names[:2]
    rows = []
    for way in found.names:
        ratios = ("" if way == base else text(timings.ratio(RESTORE, way, base)) for base in bare)
        rows.append((way, text(timings.of(RESTORE, way)), *ratios, _megabytes(found.container_bytes[way])))
    pairs = len(timings.seconds[RESTORE][bare[0]])
    return _table(f"{pairs} pairs; each cell is the median (smallest - largest)", _RESTORE_ROW, _RESTORE_HEAD, rows)


def looked_into(found: Million) -> str:
    """Seconds, ratio and memory of each question to the archive."""
    rows = [
        (
            what,
            str(found.lines[what]),
            *(text(found.timings.of(what, way)) for way in (OURS, BY_HAND)),
            text(found.timings.ratio(what, OURS, BY_HAND)),
            _megabytes(found.resident_bytes[what][OURS]),
            _megabytes(found.container_bytes[what]),
            _megabytes(found.resident_bytes[what][BY_HAND]),
        )
        for what in found.lines
    ]
    pairs = len(found.timings.seconds[rows[0][0]][OURS])
    made = f"made in {found.run.seconds:.0f} s by a container of {_megabytes(found.run_container_bytes)} MB"
    title = f"an archive of {found.files} empty files, {made}; {pairs} pairs; seconds: median (smallest - largest)"
    return _table(title, _QUESTION_ROW, _QUESTION_HEAD, rows)


def _table(title: str, form: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = form.format("---", *("--:" for _ in head[1:]))
    return "\n".join([title, "", form.format(*head), rule, *(form.format(*row) for row in rows)])


def _megabytes(size: int) -> str:
    return f"{size / _MB:.0f}" if size else ""
