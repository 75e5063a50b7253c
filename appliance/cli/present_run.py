"""A run, in progress or ended, as values, as JSON and as a few lines for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from appliance.cli.listing_words import listed_words
from appliance.cli.readable import age, ago, iso, moment, safe, safe_lines, size
from appliance.record import BY_SFTP, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from rich.console import RenderableType

    from appliance.record import ArchiveStats, Progress, RepositoryStats, RunRecord

NAMED_WARNINGS = 10
COLOURS = {
    Outcome.SUCCESS: "green",
    Outcome.WARNING: "yellow",
    Outcome.FAILED: "bold red",
    Outcome.INTERRUPTED: "red",
    Outcome.SKIPPED: "yellow",
}
STEP_WORDS = {
    "prepare": "getting ready",
    "connect": "connecting",
    "open": "opening the source",
    "liveness": "making sure the source is there",
    "create": "reading",
    "verify": "checking what was read",
    "rename": "giving the archive its name",
    "close": "closing",
    "look": "looking at the repository",
    "prune": "deleting what is not to be kept",
    "compact": "freeing the room",
    "repair": "rolling the repository back",
    "restore": "restoring",
}
# Steps in which numbers move.
MOVING = ("create", "restore")


def run_json(record: RunRecord) -> dict[str, Any]:
    """Give a run to programs; times in ISO 8601, sizes in bytes."""
    return {
        "run_id": record.run_id,
        "client": record.client,
        "operation": str(record.operation),
        "trigger": str(record.trigger),
        "method": record.method,
        "started": iso(record.started),
        "finished": iso(record.finished),
        "duration_seconds": None if record.duration is None else record.duration.total_seconds(),
        "outcome": None if record.outcome is None else str(record.outcome),
        "reason": None if record.reason is None else str(record.reason),
        "message": record.message,
        "warnings": list(record.warnings),
        "warning_count": record.warning_count,
        "archive": archive_json(record.archive),
        "repository": _repository_json(record.repository),
        "listed_by": record.listed_by,
    }


def archive_json(archive: ArchiveStats | None) -> dict[str, Any] | None:
    """Give an archive to programs."""
    if archive is None:
        return None
    return {
        "name": archive.name,
        "id": archive.id,
        "started": iso(archive.started),
        "original_size": archive.original_size,
        "compressed_size": archive.compressed_size,
        "deduplicated_size": archive.deduplicated_size,
        "files": archive.files,
    }


def _repository_json(repository: RepositoryStats | None) -> dict[str, Any] | None:
    if repository is None:
        return None
    return {
        "id": repository.id,
        "encryption": repository.encryption,
        "disk_size": repository.disk_size,
        "archives": repository.archives,
        "transaction": repository.transaction,
    }


def ended(record: RunRecord) -> RenderableType:
    """Say how a run ended: the outcome, the sentence, what was kept, and the warnings by name."""
    outcome = record.outcome or Outcome.INTERRUPTED
    reason = f" ({record.reason})" if record.reason and not outcome.is_good else ""
    head = Text.assemble((f"{record.client}: ", "bold"), (f"{outcome}{reason}", COLOURS[outcome]))
    head.append(f", {record.operation} took {age(record.duration) or '?'}")
    lines: list[RenderableType] = [head]
    if record.message and (outcome is not Outcome.SUCCESS or record.archive is None):
        lines.append(Text(f"  {safe_lines(record.message)}"))
    if record.archive is not None:
        lines.append(Text(f"  {_archive_words(record.archive)}"))
        if record.listed_by == BY_SFTP:
            lines.append(Text(f"  {listed_words(record.listed_by)}"))
    lines.extend(Text(f"  ! {safe(warning)}", style="yellow") for warning in record.warnings[:NAMED_WARNINGS])
    more = record.warning_count - min(len(record.warnings), NAMED_WARNINGS)
    if more > 0:
        lines.append(Text(f"  ! and {more} more", style="yellow"))
    return Group(*lines)


def _archive_words(archive: ArchiveStats) -> str:
    new = size(archive.deduplicated_size)
    return f"{archive.name}: {archive.files} files, {size(archive.original_size)}, {new} of it new"


def progress_words(progress: Progress) -> str:
    """Say where a run is."""
    words = STEP_WORDS.get(progress.step, safe(progress.step))
    if progress.step not in MOVING:
        return words
    if progress.step == "restore":
        of = f" of {size(progress.total_size)}" if progress.total_size else ""
        return f"{words}: {progress.files} files, {size(progress.original_size)}{of}"
    return f"{words}: {progress.files} files, {size(progress.original_size)}, {size(progress.deduplicated_size)} new"


def short_id(run_id: str) -> str:
    """Return the part of a run's id that tells runs apart; the rest is when it began, which stands beside it."""
    return run_id.rpartition("-")[2]


def history_page(
    records: Sequence[RunRecord], now: datetime, zone: tzinfo, logged: frozenset[str] = frozenset()
) -> RenderableType:
    """Lay out runs, newest first; `logged` are the ids of those whose log is kept."""
    if not records:
        return Text("No runs yet. `borgpull run NAME` starts one.")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("STARTED", "CLIENT", "OPERATION", "TRIGGER", "OUTCOME"):
        table.add_column(heading, no_wrap=True)
    for heading in ("TOOK", "FILES", "READ", "NEW"):
        table.add_column(heading, justify="right", no_wrap=True)
    # In most houses the same for all, so the column is there for whom it tells something.
    is_listed = any(record.listed_by for record in records)
    for heading in (*(("LISTED BY",) if is_listed else ()), "LOG"):
        table.add_column(heading, no_wrap=True)
    for record in records:
        archive = record.archive
        table.add_row(
            moment(record.started, zone),
            record.client,
            str(record.operation),
            str(record.trigger),
            _outcome_words(record),
            age(record.duration) or ago(record.started, now),
            str(archive.files) if archive else "-",
            size(archive.original_size if archive else None),
            size(archive.deduplicated_size if archive else None),
            *((record.listed_by or "-",) if is_listed else ()),
            short_id(record.run_id) if record.run_id in logged else "-",
        )
    return table


def _outcome_words(record: RunRecord) -> Text:
    if record.outcome is None:
        return Text("running", style="cyan")
    reason = f" ({record.reason})" if record.reason else ""
    return Text(f"{record.outcome}{reason}", style=COLOURS[record.outcome])
