"""The journal as one file for the escrow: what another machine must know, and nothing of what was just going on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from appliance.edges.sqlite_journal.facts import FLEETING
from appliance.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# The supervisor's word on how it is, and a pause: both are of this machine and this day.
_OF_THE_DAY = (
    *sorted(FLEETING),
    "gateway",
    "waiting",
    "config_problems",
    "config_in_force",
    "fault",
    "paused",
    "paused_reason",
)


def snapshot(path: Path, facts: Mapping[str, str]) -> bytes:
    """Return a journal of its own with ledger, pinned repositories, history and these facts besides; raises StateError.

    Left out are runs without an end, requests, alarms and notices. A point to roll back to is left out too: who rolls
    back to it a month later would lose the month.
    """
    try:
        # Through SQLite, so that the supervisor may write at the same time.
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source, closing(_in_memory()) as copy:
            source.backup(copy)
            for table in ("progress", "requests", "notices", "alarms"):
                copy.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the line above
            copy.execute("DELETE FROM runs WHERE finished IS NULL")
            copy.execute("UPDATE repositories SET point = NULL")
            copy.executemany("DELETE FROM facts WHERE key = ?", [(key,) for key in _OF_THE_DAY])
            copy.executemany("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)", facts.items())
            copy.execute("VACUUM")
            return bytes(copy.serialize())
    except sqlite3.Error as error:
        raise StateError(f"the journal {path} cannot be copied: {error}") from error


def _in_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)
