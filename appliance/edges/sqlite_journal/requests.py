"""Statements about what the command line asks of the supervisor."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from appliance.edges.sqlite_journal.documents import read_time, time_text, write
from appliance.record import Operation, Request, RequestKind, RestoreOrder

if TYPE_CHECKING:
    import sqlite3

# Answered requests are of no use once the command that asked has read the answer.
KEPT_ANSWERED = 1000


def ask(
    connection: sqlite3.Connection,
    kind: RequestKind,
    client: str,
    operation: Operation,
    *,
    accept_shrink: bool,
    restore: RestoreOrder | None,
    now: datetime,
) -> int:
    """Leave a request; returns its id, which is never used again."""
    made = connection.execute(
        "INSERT INTO requests (kind, client, operation, accept_shrink, restore, created) VALUES (?, ?, ?, ?, ?, ?)"
        " RETURNING request_id",
        (kind, client, operation, accept_shrink, write(restore) if restore else None, time_text(now)),
    ).fetchone()
    request_id: int = made["request_id"]
    connection.execute(
        "DELETE FROM requests WHERE request_id <= ? AND answered IS NOT NULL", (request_id - KEPT_ANSWERED,)
    )
    return request_id


def unanswered(connection: sqlite3.Connection) -> list[Request]:
    """Return the open requests, oldest first."""
    rows = connection.execute("SELECT * FROM requests WHERE answered IS NULL ORDER BY request_id")
    return [_request(row) for row in rows]


def answer(connection: sqlite3.Connection, request_id: int, *, run_id: str, refusal: str, now: datetime) -> None:
    """Write the answer down."""
    connection.execute(
        "UPDATE requests SET run_id = ?, refusal = ?, answered = ? WHERE request_id = ?",
        (run_id, refusal, time_text(now), request_id),
    )


def find(connection: sqlite3.Connection, request_id: int) -> Request | None:
    """Return one request."""
    row = connection.execute("SELECT * FROM requests WHERE request_id = ?", (request_id,)).fetchone()
    return None if row is None else _request(row)


def _request(row: sqlite3.Row) -> Request:
    return Request(
        request_id=row["request_id"],
        kind=RequestKind(row["kind"]),
        client=row["client"],
        operation=Operation(row["operation"]),
        created=datetime.fromisoformat(row["created"]),
        accept_shrink=bool(row["accept_shrink"]),
        restore=RestoreOrder.from_fields(json.loads(row["restore"])) if row["restore"] else None,
        run_id=row["run_id"],
        refusal=row["refusal"],
        answered=read_time(row["answered"]),
    )
