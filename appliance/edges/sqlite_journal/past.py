"""Statements about the past: how long it is kept, and what reports draw of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import TYPE_CHECKING

from appliance.edges.sqlite_journal.documents import time_text
from appliance.record import Glance, Operation, Outcome

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from appliance.record import RunRecord

# A year for comparisons with last year, and some; the fold and the ledger are kept for ever.
HISTORY = timedelta(days=400)
# Nobody asks the details of what went well, or was skipped, after a month, nor of the rest after a quarter. Kept whole,
# a year of a thousand clients took a gigabyte.
WENT_WELL = timedelta(days=31)
WHOLE = timedelta(days=92)
NEWEST = 30
_NOT_OF_THE_NEWEST = (
    "started < (SELECT started FROM runs AS other WHERE other.client = runs.client"  # noqa: S608 - constants of ours
    f" ORDER BY started DESC LIMIT 1 OFFSET {NEWEST - 1})"
)
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# SQLite reads the numbers out of the JSON in half the time that Python takes to read the whole of it.
_NUMBERS = (
    "SELECT client, started, finished, outcome, record ->> '$.archive.original_size',"
    " record ->> '$.archive.deduplicated_size', record ->> '$.repository.disk_size' FROM runs WHERE"
)


def forget_old(connection: sqlite3.Connection, record: RunRecord) -> None:
    """Drop what is too old to be of interest at the time of this record; the numbers of backups stay longer.

    The newest of each client stay whatever their age: the clock that says it may be wrong by years.
    """
    now = _now(connection, record)
    for outcomes, age in (("('success', 'skipped')", WENT_WELL), ("('warning', 'failed', 'interrupted')", WHOLE)):
        old, before = f"outcome IN {outcomes} AND started < ? AND {_NOT_OF_THE_NEWEST}", time_text(now - age)
        rows = connection.execute(f"{_NUMBERS} {old} AND operation = ?", (before, Operation.CREATE)).fetchall()
        connection.executemany("INSERT OR IGNORE INTO glances VALUES (?, ?, ?, ?, ?, ?, ?)", map(_folded, rows))
        connection.execute(f"DELETE FROM runs WHERE {old}", (before,))  # noqa: S608 - constants of ours
    _forget_glances(connection, record.client, _number(now - HISTORY))


def _now(connection: sqlite3.Connection, record: RunRecord) -> datetime:
    """Return the time of this record, or of the newest other run where that is earlier: only the next ones go by it."""
    ended = record.finished or record.started
    other = connection.execute(
        "SELECT started FROM runs WHERE run_id != ? ORDER BY started DESC LIMIT 1", (record.run_id,)
    ).fetchone()
    return ended if other is None else min(ended, datetime.fromisoformat(other["started"]))


def _forget_glances(connection: sqlite3.Connection, client: str, before: int) -> None:
    """Drop those of one client, since there is no index by client to find the newest of all of them at once."""
    old = "client = ? AND started < ?"
    if connection.execute(f"SELECT 1 FROM glances WHERE {old} LIMIT 1", (client, before)).fetchone() is None:  # noqa: S608 - ours
        return
    newest = connection.execute(
        "SELECT started FROM glances WHERE client = ? ORDER BY started DESC LIMIT 1 OFFSET ?", (client, NEWEST - 1)
    ).fetchone()
    if newest is not None:
        bound = min(before, newest["started"])
        connection.execute(f"DELETE FROM glances WHERE {old}", (client, bound))  # noqa: S608 - ours


def glances(connection: sqlite3.Connection, since: datetime) -> Iterator[Glance]:
    """Yield the numbers of the finished create runs that began since then, oldest first."""
    folded = connection.execute("SELECT * FROM glances WHERE started >= ? ORDER BY started, client", (_number(since),))
    whole = connection.execute(
        f"{_NUMBERS} started >= ? AND operation = ? AND finished IS NOT NULL AND outcome IS NOT NULL"
        " ORDER BY started, run_id",
        (time_text(since), Operation.CREATE),
    )
    # What failed stays whole for longer than what went well beside it; neither fits into the memory of a NAS at once.
    both = (_unfolded(*row) for row in folded), (_read(*row) for row in whole)
    yield from merge(*both, key=lambda glance: glance.started)


def good_starts(connection: sqlite3.Connection, since: datetime) -> Iterator[tuple[str, datetime]]:
    """Yield client and start of each good create run that began since then."""
    good = (Outcome.SUCCESS, Outcome.WARNING)
    for client, started in connection.execute(
        "SELECT client, started FROM runs WHERE started >= ? AND operation = ? AND outcome IN (?, ?)",
        (time_text(since), Operation.CREATE, *good),
    ):
        yield client, datetime.fromisoformat(started)
    for client, number in connection.execute(
        "SELECT client, started FROM glances WHERE started >= ? AND outcome IN (?, ?)", (_number(since), *good)
    ):
        yield client, _EPOCH + number * _MICROSECOND


def _folded(row: sqlite3.Row) -> tuple[int, str, str, int, int | None, int | None, int | None]:
    client, started, finished, outcome, *sizes = row
    begun, ended = datetime.fromisoformat(started), datetime.fromisoformat(finished)
    return _number(begun), client, outcome, (ended - begun) // _MICROSECOND, *sizes


def _unfolded(number: int, client: str, outcome: str, lasted: int, *sizes: int | None) -> Glance:
    begun = _EPOCH + number * _MICROSECOND
    return Glance(client, begun, begun + lasted * _MICROSECOND, _OUTCOMES[outcome], *sizes)


def _read(client: str, started: str, finished: str, outcome: str, *sizes: int | None) -> Glance:
    return Glance(client, datetime.fromisoformat(started), datetime.fromisoformat(finished), _OUTCOMES[outcome], *sizes)


def _number(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
