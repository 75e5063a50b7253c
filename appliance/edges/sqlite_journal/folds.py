"""The folds that were read last: of a thousand clients, few have run since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.edges.sqlite_journal.runs import histories

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from appliance.ports import ClientHistory
    from appliance.record import Operation

VERSIONS = "SELECT client, runs, archives FROM client_state WHERE operation = ?"
_NEVER = ((-1, -1), None)


class Folds:
    """Reads what has changed and remembers the rest; usable from any thread.

    A run that ends counts up `runs` of its row, and between runs only `archives` is written: these two are the version
    of a fold, whichever process wrote it.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[tuple[int, int], ClientHistory]] = {}

    def read(self, connection: sqlite3.Connection, operation: Operation) -> Mapping[str, ClientHistory]:
        """Return the fold of every client that has runs of that operation."""
        found: dict[str, ClientHistory] = {}
        changed: dict[str, tuple[int, int]] = {}
        for client, runs, archives in connection.execute(VERSIONS, (operation,)):
            version, history = self._known.get((client, operation), _NEVER)
            if history is not None and version == (runs, archives):
                found[client] = history
            else:
                changed[client] = (runs, archives)
        for client, history in histories(connection, operation, [*changed]).items():
            # If one more has ended in between, this version is already the past, and is read again next time.
            self._known[client, operation] = (changed[client], history)
            found[client] = history
        return found
