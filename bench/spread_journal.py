"""Move the runs of an appliance's journal to days of their own; run by the image's own Python.

The arguments say when each round of runs ended, oldest first. Nothing but dates is changed.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from appliance.edges.sqlite_journal import runs
from appliance.edges.sqlite_journal.database import Database

JOURNAL = "/state/journal.sqlite"


def main() -> None:
    ends = [datetime.fromisoformat(end) for end in sys.argv[1:]]
    database = Database(Path(JOURNAL))
    with database.writing() as connection:
        for record in runs.find(connection, "WHERE finished IS NOT NULL"):
            assert record.finished
            back = timedelta(days=len(ends) - 1 - min(bisect_left(ends, record.started), len(ends) - 1))
            moved = replace(record, started=record.started - back, finished=record.finished - back)
            runs.save(connection, moved)
    database.close()


if __name__ == "__main__":
    main()
