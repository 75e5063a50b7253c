"""The log of one run: what its pull container said, as lines to keep and to read; bounded, honest about its cuts."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.plan import events
from appliance.plan.log_line import LogLine
from appliance.record import Outcome, Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from appliance.ports import SaidLine
    from appliance.record import Reason, RunRecord

# A usual run tells some twenty lines, some KiB; only a fault, or a command that talks much, comes near to this.
MOST_BYTES = 1 << 20
LONGEST_MESSAGE = 4096
# Who speaks in a line: the pull container in its own words, a program in it directly, or the supervisor.
PULL, STDOUT, STDERR, SUPERVISOR = "pull", "stdout", "stderr", "supervisor"
# The engine keeps 20 to 40 MB of what a container says, and forgets the first lines first.
_MAY_BE_FORGOTTEN = 8 << 20
_BEGINS_WITHIN = timedelta(minutes=2)


def told(said: Iterable[SaidLine], record: RunRecord) -> Iterator[LogLine]:
    """Tell what the run's container said, line by line: of its progress each new step alone, of its answers nothing.

    A line without a time of its own has that of the line before.
    """
    step, now = "", record.started
    first: datetime | None = None
    size = 0
    for line in said:
        now = line.time or now
        first = first or now
        size += len(line.text)
        event = None if line.error else events.read(line.text)
        if isinstance(event, Progress):
            if event.step != step:
                step = event.step
                yield _line(record, now, "info", f"step {step}")
        else:
            yield from _words(record, now, line, event)
    if first is not None and size > _MAY_BE_FORGOTTEN and first - record.started > _BEGINS_WITHIN:
        yield of_supervisor(
            record, now, f"what it said before {first:%Y-%m-%d %H:%M:%S} UTC is missing: the engine kept no more"
        )


def of_supervisor(record: RunRecord, time: datetime, message: str) -> LogLine:
    """Return a line by which the supervisor says that something of the log is missing."""
    return replace(_line(record, time, "warning", message), logger=SUPERVISOR)


def end_of(record: RunRecord) -> LogLine | None:
    """Return how the run ended, by its record, which may overrule what the container said; None while it runs."""
    if record.finished is None or record.outcome is None:
        return None
    message = _ended(record.outcome, record.reason, record.message)
    return replace(_line(record, record.finished, _level(record.outcome), message), logger=SUPERVISOR)


def bounded(lines: Iterable[LogLine], record: RunRecord, *, most_bytes: int = MOST_BYTES) -> tuple[str, ...]:
    """Return the lines in the form in which they are kept: all, or the beginning and the end with a line between them.

    Neither half is larger than half of `most_bytes`. A long message loses its end, and says how much of it.
    """
    head: list[str] = []
    tail: deque[tuple[LogLine, str]] = deque()
    head_room = tail_room = most_bytes // 2
    lost = lost_bytes = 0
    cut_at = record.started
    for line in lines:
        written = _shortened(line).json()
        size = len(written) + 1
        if not tail and size <= head_room:
            head.append(written)
            head_room -= size
            continue
        tail.append((line, written))
        tail_room -= size
        while tail_room < 0:
            dropped, text = tail.popleft()
            tail_room += len(text) + 1
            lost, lost_bytes, cut_at = lost + 1, lost_bytes + len(text) + 1, dropped.time
    between: tuple[str, ...] = ()
    if lost:
        what = f"{lost} lines ({lost_bytes} bytes) are left out here: of a log its beginning and its end are kept"
        between = (of_supervisor(record, cut_at, what).json(),)
    return (*head, *between, *(text for _, text in tail))


def _words(record: RunRecord, now: datetime, line: SaidLine, event: events.Event | None) -> Iterator[LogLine]:
    match event:
        case events.Note():
            yield _line(record, now, event.level, event.message)
        case events.Result():
            yield from _last_word(record, now, event)
        case None:
            by_whom, level = (STDERR, "warning") if line.error else (STDOUT, "info")
            yield replace(_line(record, now, level, line.text), logger=by_whom)
        case _:
            pass


def _last_word(record: RunRecord, now: datetime, result: events.Result) -> Iterator[LogLine]:
    for warning in result.warnings:
        yield _line(record, now, "warning", warning)
    more = result.warning_count - len(result.warnings)
    if more > 0:
        yield _line(record, now, "warning", f"and {more} more warnings")
    if result.archive is not None:
        made = result.archive
        yield _line(record, now, "info", f"archive {made.name}: {made.files} files, {made.original_size} bytes")
    words = _ended(result.outcome, result.reason, result.message)
    yield _line(record, now, _level(result.outcome), f"its last word: {words}")


def _ended(outcome: Outcome, reason: Reason | None, message: str) -> str:
    why = f" ({reason})" if reason else ""
    return f"{outcome}{why} {message}".rstrip()


def _level(outcome: Outcome) -> str:
    return "info" if outcome is Outcome.SUCCESS else "warning"


def _line(record: RunRecord, time: datetime, level: str, message: str) -> LogLine:
    return LogLine(time=time, level=level, client=record.client, run=record.run_id, logger=PULL, message=message)


def _shortened(line: LogLine) -> LogLine:
    more = len(line.message) - LONGEST_MESSAGE
    if more <= 0:
        return line
    return replace(line, message=f"{line.message[:LONGEST_MESSAGE]}… and {more} more characters")
