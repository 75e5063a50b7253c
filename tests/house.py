"""A house to plan for: configurations and histories in few words, for the tests of planner, run and supervisor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from appliance.config.load import parse
from appliance.plan.events import ListedArchive, Result
from appliance.ports import ClientHistory
from appliance.record import (
    ArchiveStats,
    Operation,
    Outcome,
    Reason,
    RepositoryStats,
    RunRecord,
    Trigger,
)

if TYPE_CHECKING:
    from appliance.config.model import Appliance, Client

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def house(*clients: str, settings: str = "", **keys: str) -> Appliance:
    """Return a configuration of sshfs clients; `keys` are TOML values that all of them get."""
    lines = [f"[appliance]\n{settings}\n[defaults]\n", *(f"{key} = {value}\n" for key, value in keys.items())]
    lines += [f'[clients.{name}]\nhost = "{name}.lan"\npaths = ["/"]\n' for name in clients]
    return parse({"borgpull.toml": "".join(lines)}, {})


def one(settings: str = "", **keys: str) -> Client:
    """Return one sshfs client, web1."""
    return house("web1", settings=settings, **keys).clients[0]


def mounted(extra: str = "", source: str = 'folder = "/mnt/nas"') -> Client:
    """Return one client of the method mount, share."""
    text = f'[clients.share]\nmethod = "mount"\n{source}\n{extra}\n'
    return parse({"borgpull.toml": text}, {}).clients[0]


def record(
    outcome: Outcome | None = Outcome.SUCCESS,
    reason: Reason | None = None,
    *,
    started: datetime = NOON,
    took: timedelta = timedelta(minutes=10),
    client: str = "web1",
    run_id: str = "run-1",
    operation: Operation = Operation.CREATE,
) -> RunRecord:
    """Return a run of the client; unfinished when it has no outcome."""
    return RunRecord(
        run_id=run_id,
        client=client,
        operation=operation,
        trigger=Trigger.SCHEDULE,
        method="sshfs",
        started=started,
        finished=None if outcome is None else started + took,
        outcome=outcome,
        reason=reason,
    )


def history(*records: RunRecord) -> ClientHistory:
    """Fold finished runs, oldest first."""
    failures = 0
    success: RunRecord | None = None
    for each in records:
        good = each.outcome is not None and each.outcome.is_good
        success = each if good else success
        failures = 0 if good else failures + (each.outcome in (Outcome.FAILED, Outcome.INTERRUPTED))
    return ClientHistory(
        client=records[-1].client, last=records[-1], last_success=success, consecutive_failures=failures
    )


def archive(name: str = "web1-2026-11-22T12:00:00", number: int = 1, files: int = 100) -> ArchiveStats:
    """Return an archive as Borg reports it."""
    return ArchiveStats(
        name=name,
        id=f"{number:064x}",
        started=NOON,
        original_size=files * 1000,
        compressed_size=files * 500,
        deduplicated_size=files * 100,
        files=files,
    )


def repository(number: int = 7) -> RepositoryStats:
    """Return a repository as Borg reports it."""
    return RepositoryStats(
        id=f"{number:064x}",
        encryption="repokey-blake2",
        total_size=10,
        total_csize=10,
        unique_csize=10,
        total_chunks=1,
        total_unique_chunks=1,
        disk_size=10,
        archives=1,
    )


def good(client: str = "web1", number: int = 1, *listed: ListedArchive) -> Result:
    """Return the last word of a run that went well."""
    return Result(
        outcome=Outcome.SUCCESS,
        archive=archive(f"{client}-2026-11-22T12:00:00", number),
        repository=repository(),
        archives=listed,
        exit_code=0,
    )


def bad(reason: Reason, outcome: Outcome = Outcome.FAILED) -> Result:
    """Return the last word of a run that did not."""
    return Result(outcome=outcome, reason=reason, message=f"it was {reason.value}")
