"""Statements about the small things the appliance must remember."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

# Written anew every few seconds and wrong after a power cut anyway: not worth waiting for the disk.
FLEETING = frozenset({"heartbeat", "next_runs", "docker", "engine_version"})


def find(connection: sqlite3.Connection, key: str) -> str | None:
    """Return one fact."""
    row = connection.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row["value"])


def beginning_with(connection: sqlite3.Connection, prefix: str) -> dict[str, str]:
    """Return the facts whose names begin so."""
    rows = connection.execute("SELECT key, value FROM facts WHERE substr(key, 1, ?) = ?", (len(prefix), prefix))
    return {row["key"]: str(row["value"]) for row in rows}


def save(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Write a fact in place of what was known."""
    connection.execute("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)", (key, value))
