"""Write down how a run ended, and which archives that makes good."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan import events, messages, offline
from appliance.plan.age import is_ahead
from appliance.plan.checked import Checked, after, checked_fact
from appliance.plan.disk_ledger import DiskLedger
from appliance.plan.judge import Verdict
from appliance.plan.retention import wrote_itself_fact
from appliance.plan.run_plan import BORG_ON_CLIENT
from appliance.record import ArchiveStats, LedgerEntry, Operation, Outcome, Reason, RunRecord
from appliance.run.desk import Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.notice import Notice
    from appliance.run.desk import Desk


# Enough to find the run before this one among those that were skipped.
_RECENT = 50
_CHANGE_THE_LEDGER = (Operation.CREATE, Operation.PRUNE, Operation.REPAIR, Operation.ACCEPT, Operation.PURGE)
# Years of nightly runs.
_WHOLE_HISTORY = 2000


def interrupted(desk: Desk, record: RunRecord) -> RunRecord:
    """Record a run that began and has no container any more."""
    message = "The supervisor ended while this run was starting, or its container was removed; nothing is left of it."
    watch = Watch(record=record, container="", deadline=record.started)
    release(desk, record)
    return record_end(desk, watch, Verdict(outcome=Outcome.INTERRUPTED, reason=Reason.KILLED, message=message))


def failed_inside(desk: Desk, record: RunRecord, error: Exception) -> RunRecord:
    """Record a run that ended by a fault of our own."""
    message = f"A fault in Borgpull itself ({type(error).__name__}: {error}); the supervisor's log has the traceback."
    watch = Watch(record=record, container="", deadline=record.started)
    return record_end(desk, watch, Verdict(outcome=Outcome.FAILED, reason=Reason.INTERNAL, message=message))


def record_end(desk: Desk, watch: Watch, end: Verdict, result: events.Result | None = None) -> RunRecord:
    """Write down how the run ended; of what the container said only what the verdict lets stand."""
    end = _spared(desk, watch.record, end)
    record = replace(
        watch.record,
        # A clock set back during the run must not make it end before it began.
        finished=max(desk.clock.now(), watch.record.started),
        outcome=end.outcome,
        reason=end.reason,
        message=end.message,
    )
    entries: Sequence[LedgerEntry] = ()
    gone: tuple[str, ...] = ()
    if result is not None:
        record = replace(
            record, warnings=result.warnings, warning_count=result.warning_count, exit_code=result.exit_code
        )
        if end.outcome.is_good:
            record = replace(
                record,
                archive=result.archive,
                repository=result.repository,
                source_filesystem=result.source_filesystem,
                listed_by=result.listed_by,
            )
            entries = _ledger_entries(desk, record, result)
            gone = result.gone
    _note_what_was_checked(desk, record, result)
    _note_who_writes(desk, record)
    desk.journal.finish(record, entries, gone, _told(desk, record))
    watch.is_recorded = True
    if end.outcome.is_good and record.operation in _CHANGE_THE_LEDGER:
        _keep_ledger(desk, record)
    why = f" ({end.reason})" if end.reason else ""
    level = "info" if end.outcome.is_good else "warning"
    desk.log(record, events.Note(level=level, message=f"{end.outcome}{why} {end.message}".rstrip()))
    return record


def _keep_ledger(desk: Desk, record: RunRecord) -> None:
    """Write the copy beside the repositories anew, for the day this server is gone; a run is as good without it."""
    known = desk.journal.repository(record.client)
    if known is None or record.finished is None:
        return
    entries = tuple(desk.journal.archives(record.client))
    try:
        desk.keep_ledger(
            DiskLedger(
                client=record.client, repository_id=known.repository_id, written=record.finished, entries=entries
            )
        )
    except StateError as error:
        desk.log(record, events.Note(level="warning", message=f"the ledger's copy on the disk is not renewed: {error}"))


def _note_what_was_checked(desk: Desk, record: RunRecord, result: events.Result | None) -> None:
    """Remember what a check or drill found, before its end is recorded: both are done again after a crash between."""
    if record.operation not in (Operation.CHECK, Operation.DRILL):
        return
    fact = checked_fact(record.client)
    before = Checked.from_json(desk.journal.fact(fact))
    known = after(before, record, result.check if result else None, desk.journal.archives(record.client))
    if known is not None:
        desk.journal.set_fact(fact, known.to_json())


def _spared(desk: Desk, record: RunRecord, end: Verdict) -> Verdict:
    """Let the absence of a client that may sleep be no failure (`offline = "skip"`)."""
    appliance = desk.appliance()
    client = appliance.client(record.client) if appliance else None
    if client is None or not offline.may_be_spared(client, record, end):
        return end
    return offline.spared(client, desk.journal.last_runs().get(client.name), end, desk.clock.now())


def _told(desk: Desk, record: RunRecord) -> tuple[Notice, ...]:
    """Return what the operator is told of a run that ended."""
    appliance = desk.appliance()
    if appliance is None:
        return ()
    # One that a wrong clock has dated ahead of this one was not the last before it, and would seem so for years.
    recent = desk.journal.history(record.client, limit=_RECENT)
    before = next(
        (
            run
            for run in sorted(recent, key=lambda run: is_ahead(run.started, record.finished or record.started))
            if run.run_id != record.run_id
            and run.operation is record.operation
            and run.outcome not in (None, Outcome.SKIPPED)
        ),
        None,
    )
    return messages.run_ended(appliance, record, before)


def release(desk: Desk, record: RunRecord) -> None:
    """Remove the locks of a run whose container is gone: killed, it could not do so itself."""
    try:
        desk.volumes.release(record.client, record.run_id)
    except StateError as error:
        desk.log(record, events.Note(level="warning", message=f"its locks stay until the next run: {error}"))


def _ledger_entries(desk: Desk, record: RunRecord, result: events.Result) -> tuple[LedgerEntry, ...]:
    """Return this run's archive, and those in the repository that the ledger missed.

    A final name is given only after every gate, so such an archive is good even where a crash between its rename and
    its record left the ledger without it. Nobody measured it then: its sizes are 0, and no baseline is made of it.

    A client that writes to its repository itself can give any name to anything, so there only this run's own archive
    counts, which was looked at after the client's session had ended: the ledger would vouch for what nobody proved.
    """
    if record.operation is not Operation.CREATE or record.archive is None:
        return ()
    own = LedgerEntry(client=record.client, archive=record.archive, run_id=record.run_id)
    if record.method in BORG_ON_CLIENT or _has_ever_written_itself(desk, record.client):
        return (own,)
    known = {record.archive.id, *(entry.archive.id for entry in desk.journal.archives(record.client))}
    return (own, *(_missed(record, listed) for listed in result.archives if listed.id not in known))


def _has_ever_written_itself(desk: Desk, client: str) -> bool:
    """Whether the client spoke to `borg serve` once: a change of method makes nothing true that it wrote before."""
    if desk.journal.fact(wrote_itself_fact(client)):
        return True
    # Runs of before an upgrade left no such fact, and they are forgotten one day.
    wrote = any(run.method in BORG_ON_CLIENT for run in desk.journal.history(client, limit=_WHOLE_HISTORY))
    if wrote:
        desk.journal.set_fact(wrote_itself_fact(client), "yes")
    return wrote


def _note_who_writes(desk: Desk, record: RunRecord) -> None:
    """Before the end is written: what vouches for archives must not depend on how long runs are remembered."""
    fact = wrote_itself_fact(record.client)
    if record.method in BORG_ON_CLIENT and not desk.journal.fact(fact):
        desk.journal.set_fact(fact, "yes")


def _missed(record: RunRecord, listed: events.ListedArchive) -> LedgerEntry:
    archive = ArchiveStats(
        name=listed.name,
        id=listed.id,
        started=listed.started,
        original_size=0,
        compressed_size=0,
        deduplicated_size=0,
        files=0,
    )
    return LedgerEntry(client=record.client, archive=archive, run_id=record.run_id)
