"""Values for the journal's contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from appliance.ports import Facts, Journal, Ledger, Outbox, Past, Requests
from appliance.record import (
    ArchiveStats,
    LedgerEntry,
    Operation,
    Outcome,
    RepositoryStats,
    RunRecord,
    Trigger,
)
from tests.fakes import FixedClock

CLOCK = FixedClock()
START = CLOCK.now()


class Whole(Journal, Ledger, Past, Requests, Facts, Outbox, Protocol):
    """Everything a journal offers."""


def begun(run_id: str = "r1", client: str = "web", after_hours: float = 0, **changes: object) -> RunRecord:
    record = RunRecord(
        run_id=run_id,
        client=client,
        operation=Operation.CREATE,
        trigger=Trigger.SCHEDULE,
        method="sshfs",
        started=START + timedelta(hours=after_hours),
    )
    return replace(record, **changes)  # type: ignore[arg-type]  # tests name the fields they change


def archive(number: int, after_hours: float = 0) -> ArchiveStats:
    return ArchiveStats(
        name=f"web-{number}",
        id=f"{number:064x}",
        started=START + timedelta(hours=after_hours),
        original_size=1000,
        compressed_size=500,
        deduplicated_size=100,
        files=7,
    )


def repository(repository_id: str = "aa") -> RepositoryStats:
    return RepositoryStats(
        id=repository_id,
        encryption="repokey-blake2",
        total_size=10,
        total_csize=9,
        unique_csize=8,
        total_chunks=7,
        total_unique_chunks=6,
        disk_size=5,
        archives=4,
    )


def ended(record: RunRecord, outcome: Outcome, **changes: object) -> RunRecord:
    end = replace(record, outcome=outcome, finished=record.started + timedelta(minutes=5))
    return replace(end, **changes)  # type: ignore[arg-type]  # tests name the fields they change


def entry(stats: ArchiveStats, run_id: str = "r1") -> LedgerEntry:
    return LedgerEntry(client="web", archive=stats, run_id=run_id)
