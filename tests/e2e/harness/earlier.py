"""Move what an appliance's journal knows of one client into the past: `python3 - CLIENT SECONDS`, beside /state.

For schedules that are counted in hours. Backups stay where they are, so that none falls due by it.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from datetime import datetime, timedelta

_JOURNAL = "/state/journal.sqlite"
_UPKEEP = ("check", "drill")


def main() -> None:
    """Let the repository, its checks and its drills be so much older; no supervisor may run."""
    client, back = sys.argv[1], timedelta(seconds=float(sys.argv[2]))
    connection = sqlite3.connect(_JOURNAL)
    with connection:
        for (seen,) in connection.execute("SELECT first_seen FROM repositories WHERE client = ?", (client,)).fetchall():
            connection.execute("UPDATE repositories SET first_seen = ? WHERE client = ?", (_moved(seen, back), client))
        for operation in _UPKEEP:
            _move_runs(connection, client, operation, back)
        for (text,) in connection.execute("SELECT value FROM facts WHERE key = ?", (f"checked:{client}",)).fetchall():
            connection.execute(
                "UPDATE facts SET value = ? WHERE key = ?", (_moved_check(text, back), f"checked:{client}")
            )
    connection.close()


def _move_runs(connection: sqlite3.Connection, client: str, operation: str, back: timedelta) -> None:
    row = connection.execute(
        "SELECT last, last_success FROM client_state WHERE client = ? AND operation = ?", (client, operation)
    ).fetchone()
    if row is not None:
        last, good = (text and _moved_run(text, back) for text in row)
        connection.execute(
            "UPDATE client_state SET last = ?1, finished = ?1 ->> '$.finished', last_success = ?2,"
            " good_started = ?2 ->> '$.started', good_finished = ?2 ->> '$.finished'"
            " WHERE client = ?3 AND operation = ?4",
            (last, good, client, operation),
        )


def _moved_run(text: str, back: timedelta) -> str:
    run = json.loads(text)
    return json.dumps(run | {key: _moved(run[key], back) for key in ("started", "finished")})


def _moved_check(text: str, back: timedelta) -> str:
    known = json.loads(text)
    known["repository"] = known["repository"] and _moved(known["repository"], back)
    known["archives"] = {archive: _moved(when, back) for archive, when in known["archives"].items()}
    return json.dumps(known)


def _moved(moment: str, back: timedelta) -> str:
    return (datetime.fromisoformat(moment) - back).isoformat(timespec="microseconds")


if __name__ == "__main__":
    main()
