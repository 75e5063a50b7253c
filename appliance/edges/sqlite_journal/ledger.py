"""Statements about the archives known to be good and the repositories that are pinned."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from appliance.edges.sqlite_journal.documents import read_archive, read_point, time_text, write
from appliance.ports import Span
from appliance.record import KnownRepository, LedgerEntry, RollbackPoint

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from appliance.record import RunRecord


def add(connection: sqlite3.Connection, entries: Sequence[LedgerEntry]) -> None:
    """Add archives; one that is known stays as it was first written down."""
    connection.executemany(
        "INSERT OR IGNORE INTO ledger (client, archive_id, name, started, run_id, archive) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                entry.client,
                entry.archive.id,
                entry.archive.name,
                time_text(entry.archive.started),
                entry.run_id,
                write(entry.archive),
            )
            for entry in entries
        ],
    )
    for client in {entry.client for entry in entries}:
        _count(connection, client)


def forget(connection: sqlite3.Connection, client: str, gone: Sequence[str]) -> None:
    """Let archives of the client, named by their ids, leave the ledger."""
    if not gone:
        return
    connection.executemany(
        "DELETE FROM ledger WHERE client = ? AND archive_id = ?", [(client, archive_id) for archive_id in gone]
    )
    _count(connection, client)


def _count(connection: sqlite3.Connection, client: str) -> None:
    connection.execute(
        "UPDATE client_state SET archives = (SELECT count(*) FROM ledger WHERE client = ?) WHERE client = ?",
        (client, client),
    )


def spans(connection: sqlite3.Connection) -> dict[str, Span]:
    """Return from when to when the archives of each client are; a look into the index for each, however many it has."""
    rows = connection.execute(
        "SELECT client, (SELECT min(started) FROM ledger WHERE ledger.client = known.client) AS oldest,"
        " (SELECT max(started) FROM ledger WHERE ledger.client = known.client) AS newest"
        " FROM (SELECT DISTINCT client FROM client_state) AS known"
    )
    return {
        row["client"]: Span(oldest=datetime.fromisoformat(row["oldest"]), newest=datetime.fromisoformat(row["newest"]))
        for row in rows
        if row["oldest"] is not None
    }


def archives(connection: sqlite3.Connection, client: str) -> list[LedgerEntry]:
    """Return the client's archives, oldest first."""
    rows = connection.execute("SELECT * FROM ledger WHERE client = ? ORDER BY started, archive_id", (client,))
    return [
        LedgerEntry(client=row["client"], archive=read_archive(row["archive"]), run_id=row["run_id"]) for row in rows
    ]


def pin_repository(connection: sqlite3.Connection, record: RunRecord) -> None:
    """Pin the repository of a good run, unless the client has one; keep how it stands as the point to go back to."""
    if record.outcome is None or not record.outcome.is_good or record.repository is None:
        return
    connection.execute(
        "INSERT OR IGNORE INTO repositories (client, repository_id, first_seen) VALUES (?, ?, ?)",
        (record.client, record.repository.id, time_text(record.finished or record.started)),
    )
    if record.repository.transaction is None or record.repository.segments is None:
        return
    point = RollbackPoint(
        transaction=record.repository.transaction,
        segments=record.repository.segments,
        run_id=record.run_id,
        reached=record.finished or record.started,
    )
    connection.execute(
        "UPDATE repositories SET point = ? WHERE client = ? AND repository_id = ?",
        (write(point), record.client, record.repository.id),
    )


def repository(connection: sqlite3.Connection, client: str) -> KnownRepository | None:
    """Return the client's pinned repository."""
    row = connection.execute("SELECT * FROM repositories WHERE client = ?", (client,)).fetchone()
    if row is None:
        return None
    return KnownRepository(
        client=row["client"],
        repository_id=row["repository_id"],
        first_seen=datetime.fromisoformat(row["first_seen"]),
        point=read_point(row["point"]),
    )
