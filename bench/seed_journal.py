"""Give each of so many clients so many days of good runs in an appliance's journal; run by the image's own Python."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.edges.clock import SystemClock
from appliance.edges.sqlite_journal import SqliteJournal, runs
from appliance.edges.sqlite_journal.database import Database
from appliance.edges.sqlite_journal.documents import time_text, write
from appliance.record import ArchiveStats, Operation, Outcome, RepositoryStats, RunRecord, Trigger

if TYPE_CHECKING:
    from collections.abc import Iterator

JOURNAL = "/state/journal.sqlite"
_RUN = "INSERT INTO runs (run_id, client, operation, started, finished, outcome, record) VALUES (?, ?, ?, ?, ?, ?, ?)"
_ARCHIVE = "INSERT INTO ledger (client, archive_id, name, started, run_id, archive) VALUES (?, ?, ?, ?, ?, ?)"


WEEKLY = (Operation.PRUNE, Operation.PROBE, Operation.RESTORE)


def main() -> None:
    clients, days = int(sys.argv[1]), int(sys.argv[2])
    database = Database(Path(JOURNAL))
    now = datetime.now(UTC)
    with database.writing() as connection:
        for number in range(1, clients + 1):
            newest = good_run(f"client-{number:04d}", now - timedelta(hours=1))
            connection.executemany(_RUN, past_runs(newest, days))
            connection.executemany(_ARCHIVE, past_archives(newest, days))
            for operation in (Operation.CREATE, *WEEKLY):
                runs.save(connection, of(newest, operation))
                runs.fold(connection, of(newest, operation))
    database.close()
    SqliteJournal(Path(JOURNAL), SystemClock()).close()


def past_runs(newest: RunRecord, days: int) -> Iterator[tuple[str, ...]]:
    """Yield a row for each run: a backup a day, and one of each other operation a week."""
    for operation in (Operation.CREATE, *WEEKLY):
        model = of(newest, operation)
        text = write(model)
        for day in range(1, days, 1 if operation is Operation.CREATE else 7):
            run_id, started = f"{model.run_id}-{day}", time_text(model.started - timedelta(days=day))
            record = text.replace(model.run_id, run_id, 1).replace(time_text(model.started), started)
            yield run_id, model.client, operation, started, started, "success", record


def past_archives(newest: RunRecord, days: int) -> Iterator[tuple[str, ...]]:
    """Yield a row for each archive of the ledger; all are kept."""
    assert newest.archive
    for day in range(days):
        archive = replace(
            newest.archive,
            id=f"{newest.archive.id[:-4]}{day:04x}",
            started=newest.archive.started - timedelta(days=day),
        )
        started = time_text(archive.started)
        yield newest.client, archive.id, archive.name, started, newest.run_id, write(archive)


def of(newest: RunRecord, operation: Operation) -> RunRecord:
    if operation is Operation.CREATE:
        return newest
    return replace(newest, run_id=f"{newest.run_id}-{operation}", operation=operation, archive=None)


def good_run(client: str, started: datetime) -> RunRecord:
    archive = ArchiveStats(
        name=f"{client}-{started:%Y-%m-%dT%H:%M:%S}",
        id=client.encode().hex().ljust(64, "0"),
        started=started,
        original_size=300_000_000,
        compressed_size=200_000_000,
        deduplicated_size=1_000_000,
        files=5001,
    )
    repository = RepositoryStats(
        id=client.encode().hex().rjust(64, "0"),
        encryption="repokey-blake2",
        total_size=300_000_000,
        total_csize=200_000_000,
        unique_csize=200_000_000,
        total_chunks=5200,
        total_unique_chunks=5200,
        disk_size=201_000_000,
        archives=1,
    )
    return RunRecord(
        run_id=f"bench-{client}",
        client=client,
        operation=Operation.CREATE,
        trigger=Trigger.SCHEDULE,
        method="sshfs",
        started=started,
        finished=started + timedelta(seconds=30),
        outcome=Outcome.SUCCESS,
        exit_code=0,
        archive=archive,
        repository=repository,
    )


if __name__ == "__main__":
    main()
