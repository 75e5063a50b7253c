"""Statements about runs and the fold of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from appliance.edges.sqlite_journal.documents import read_record, time_or_none, time_text, write
from appliance.edges.sqlite_journal.standings import COLUMNS, columns
from appliance.ports import ClientHistory, Standing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from appliance.record import Operation, RunRecord


def save(connection: sqlite3.Connection, record: RunRecord) -> None:
    """Write the record down, in place of what was known of the run."""
    connection.execute(
        "INSERT INTO runs (run_id, client, operation, started, finished, outcome, reason, record)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET"
        " started = excluded.started, finished = excluded.finished, outcome = excluded.outcome,"
        " reason = excluded.reason, record = excluded.record",
        (
            record.run_id,
            record.client,
            record.operation,
            time_text(record.started),
            time_or_none(record.finished),
            record.outcome,
            record.reason,
            write(record),
        ),
    )


def has_ended(connection: sqlite3.Connection, run_id: str) -> bool:
    """Whether the end of that run is written down."""
    row = connection.execute("SELECT finished FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    return row is not None and row["finished"] is not None


def find(connection: sqlite3.Connection, condition: str, *values: str | int) -> list[RunRecord]:
    """Return the records for which the condition (ours, never the operator's) holds."""
    rows = connection.execute(f"SELECT record FROM runs {condition}", values)  # noqa: S608 - constants of journal.py
    return [read_record(row["record"]) for row in rows]


def fold(connection: sqlite3.Connection, record: RunRecord) -> None:
    """Fold a finished run into the state of its client."""
    known = histories(connection, record.operation, [record.client])
    after = ClientHistory.after(known.get(record.client), record)
    standing = columns(Standing.of(after))
    connection.execute(
        "INSERT OR REPLACE INTO client_state (client, operation, last, last_success, consecutive_failures, runs,"  # noqa: S608
        f" failures, duration_seconds, original_bytes, deduplicated_bytes, archives, {COLUMNS})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT count(*) FROM ledger WHERE client = ?),"
        f" {', '.join('?' * len(standing))})",
        (
            after.client,
            record.operation,
            write(after.last),
            write(after.last_success) if after.last_success else None,
            after.consecutive_failures,
            after.runs,
            json.dumps(dict(after.failures)),
            after.duration_seconds,
            after.original_bytes,
            after.deduplicated_bytes,
            after.client,
            *standing,
        ),
    )


def histories(
    connection: sqlite3.Connection, operation: Operation, clients: Sequence[str]
) -> Mapping[str, ClientHistory]:
    """Return the folds of these clients, as far as they have such runs."""
    found: dict[str, ClientHistory] = {}
    for row in connection.execute(
        "SELECT *, last IS last_success AS ended_well FROM client_state"
        " WHERE client IN (SELECT value FROM json_each(?)) AND operation = ?",
        (json.dumps(clients), operation),
    ):
        last = read_record(row["last"])
        success = last if row["ended_well"] else row["last_success"] and read_record(row["last_success"])
        found[row["client"]] = ClientHistory(
            client=row["client"],
            last=last,
            last_success=success or None,
            consecutive_failures=row["consecutive_failures"],
            runs=row["runs"],
            # Most have none, and a thousand clients have four thousand of these.
            failures=json.loads(row["failures"]) if row["failures"] != "{}" else {},
            duration_seconds=row["duration_seconds"],
            original_bytes=row["original_bytes"],
            deduplicated_bytes=row["deduplicated_bytes"],
            archives=row["archives"],
        )
    return found
