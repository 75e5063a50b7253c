"""The journal, the ledger, the requests and the facts of the appliance in one SQLite file."""

from __future__ import annotations

from appliance.edges.sqlite_journal.journal import SqliteJournal

__all__ = ["SqliteJournal"]
