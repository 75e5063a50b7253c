"""Give each of so many clients one good run in an appliance's journal; run by the image's own Python."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.edges.clock import SystemClock
from appliance.edges.sqlite_journal import SqliteJournal
from appliance.record import ArchiveStats, LedgerEntry, Operation, Outcome, RepositoryStats, RunRecord, Trigger

JOURNAL = "/state/journal.sqlite"


def main() -> None:
    journal = SqliteJournal(Path(JOURNAL), SystemClock())
    for number in range(1, int(sys.argv[1]) + 1):
        record = good_run(f"client-{number:04d}", datetime.now(UTC) - timedelta(hours=1))
        if record.archive is not None:
            entry = LedgerEntry(client=record.client, archive=record.archive, run_id=record.run_id)
            journal.finish(record, (entry,))
    journal.close()


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
