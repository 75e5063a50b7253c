"""Statements about the past: how long it is kept, and what reports draw of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from appliance.edges.sqlite_journal.documents import time_text
from appliance.record import Glance, Operation, Outcome

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from appliance.record import RunRecord

# A year for comparisons with last year, and some; the fold and the ledger are kept for ever.
HISTORY = timedelta(days=400)
# Of what went well nobody asks the details after a quarter; whole, a year of a thousand clients took a gigabyte.
WHOLE = timedelta(days=92)
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}
# SQLite reads the numbers out of the JSON in half the time that Python takes to read the whole of it.
_NUMBERS = (
    "SELECT client, started, finished, outcome, record ->> '$.archive.original_size' AS original_size,"
    " record ->> '$.archive.deduplicated_size' AS deduplicated_size, record ->> '$.repository.disk_size' AS disk_size"
    " FROM runs WHERE"
)


def forget_old(connection: sqlite3.Connection, record: RunRecord) -> None:
    """Drop what is too old to be of interest at the time of this record; of good backups the numbers stay longer."""
    now = record.finished or record.started
    quarter, oldest = time_text(now - WHOLE), time_text(now - HISTORY)
    went_well = "outcome = 'success' AND started < ?"
    connection.execute(
        f"INSERT OR IGNORE INTO glances {_NUMBERS} {went_well} AND operation = ?", (quarter, Operation.CREATE)
    )
    connection.execute(f"DELETE FROM runs WHERE {went_well}", (quarter,))  # noqa: S608 - a constant of ours
    connection.execute("DELETE FROM runs WHERE started < ? AND finished IS NOT NULL", (oldest,))
    connection.execute("DELETE FROM glances WHERE started < ?", (oldest,))


def glances(connection: sqlite3.Connection, since: datetime) -> Iterator[Glance]:
    """Yield the numbers of the finished create runs that began since then, oldest first."""
    rows = connection.execute(
        f"{_NUMBERS} started >= ? AND operation = ? AND finished IS NOT NULL AND outcome IS NOT NULL"  # noqa: S608 - ours
        " UNION ALL SELECT client, started, finished, outcome, original_size, deduplicated_size, disk_size"
        " FROM glances WHERE started >= ? ORDER BY started, client",
        (time_text(since), Operation.CREATE, time_text(since)),
    )
    for client, started, finished, outcome, *numbers in rows:
        yield Glance(
            client, datetime.fromisoformat(started), datetime.fromisoformat(finished), _OUTCOMES[outcome], *numbers
        )


def good_starts(connection: sqlite3.Connection, since: datetime) -> Iterator[tuple[str, datetime]]:
    """Yield client and start of each good create run that began since then."""
    rows = connection.execute(
        "SELECT client, started FROM runs WHERE started >= ? AND operation = ? AND outcome IN (?, ?)"
        " UNION ALL SELECT client, started FROM glances WHERE started >= ?",
        (time_text(since), Operation.CREATE, Outcome.SUCCESS, Outcome.WARNING, time_text(since)),
    )
    for client, started in rows:
        yield client, datetime.fromisoformat(started)
