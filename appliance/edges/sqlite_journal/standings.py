"""How every client stands, for those who ask often and need no record of it.

It stands in columns beside the records of the fold, all of them in one index: what is read of a thousand clients are
some hundred pages next to each other, and not thousands all over the file.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from appliance.edges.sqlite_journal.documents import time_or_none
from appliance.ports import Standing
from appliance.record import Operation, Outcome, Reason

if TYPE_CHECKING:
    import sqlite3

# Those that only a standing has; `consecutive_failures` and `archives` are of the fold itself.
COLUMNS = "method, outcome, reason, message, finished, good_started, good_finished, disk_bytes, listed_by"
STANDINGS = f"SELECT operation, client, {COLUMNS}, consecutive_failures, archives FROM client_state"  # noqa: S608 - ours
# By value, for thousands of rows at once; what has no outcome or reason has None.
_OPERATIONS = {str(operation): operation for operation in Operation}
_OUTCOMES: dict[str | None, Outcome | None] = {None: None} | {str(outcome): outcome for outcome in Outcome}
_REASONS: dict[str | None, Reason | None] = {None: None} | {str(reason): reason for reason in Reason}


def columns(standing: Standing) -> tuple[str | int | None, ...]:
    """Return what stands in COLUMNS."""
    return (
        standing.method,
        standing.outcome,
        standing.reason,
        # As JSON: a client's file names may stand in it, and need not be text that SQLite takes.
        json.dumps(standing.message) if standing.message else None,
        time_or_none(standing.finished),
        time_or_none(standing.good_started),
        time_or_none(standing.good_finished),
        standing.disk_bytes,
        standing.listed_by,
    )


def read(connection: sqlite3.Connection) -> dict[Operation, dict[str, Standing]]:
    """Return how each client stands with each operation that a run of it has finished."""
    found: dict[Operation, dict[str, Standing]] = {}
    rows = connection.execute(STANDINGS)
    # Plain tuples, which are twice as fast for so many rows.
    rows.row_factory = None
    for operation, client, method, outcome, reason, message, finished, begun, ended, *plain in rows:
        if operation not in _OPERATIONS:
            # Of a later version: this one does not do it, and has nothing to say of it.
            continue
        found.setdefault(_OPERATIONS[operation], {})[client] = Standing(
            client,
            method,
            _OUTCOMES[outcome],
            _REASONS.get(reason, Reason.INTERNAL),
            json.loads(message) if message else "",
            _moment(finished),
            _moment(begun),
            _moment(ended),
            *plain,
        )
    return found


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
