"""Metrics of each configured client, its runs, its archives and its repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from appliance.edges.metrics.families import BY_CLIENT, BY_RUN
from appliance.plan.dial_in import UP
from appliance.record import Operation, Outcome, Reason

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.config.model import Client
    from appliance.edges.metrics.families import Families
    from appliance.ports import ClientHistory
    from appliance.record import Progress, RunRecord

# Exported as 0 from the start, so that increase() sees the very first one. Only those an alert asks for: with all
# reasons a thousand clients would be half a scrape of zeros. Every other reason appears once it has happened.
ALWAYS = (
    Reason.UNREACHABLE,
    Reason.HOST_KEY,
    Reason.REPOSITORY_MISSING,
    Reason.NO_SPACE,
    Reason.INTEGRITY,
    Reason.TAMPERING,
)
# The size of the last archive is only an estimate of this one's: never claim to be done.
MOST_PROGRESS = 0.99
_CREATE = Operation.CREATE.value


def declare(families: Families) -> None:
    """Describe every family of this module."""
    for name, text in _RUN_GAUGES.items():
        families.gauge(name, text, BY_RUN)
    families.gauge("client_info", "Configured client; value is always 1.", ("client", "method", "names", "reach"))
    families.gauge(
        "client_enabled", "Whether the client is scheduled (1) or disabled in the configuration (0).", BY_CLIENT
    )
    families.gauge(
        "run_last_status",
        "Outcome of the last completed run: 1 for the status it ended in, 0 for the others.",
        (*BY_RUN, "status"),
    )
    families.counter("runs_total", "Runs completed.", BY_RUN)
    families.counter("run_failures_total", "Runs that failed or were interrupted, by reason.", (*BY_RUN, "reason"))
    families.counter("run_duration_seconds_total", "Time spent in completed runs.", BY_RUN)
    for name, text in _CLIENT_GAUGES.items():
        families.gauge(name, text, BY_CLIENT)
    families.counter("archive_original_bytes_total", "Original bytes of all archives made.", BY_CLIENT)
    families.counter(
        "archive_deduplicated_bytes_total", "Bytes added to the repository by all archives made.", BY_CLIENT
    )
    families.gauge("client_tunnel_up", "Whether the tunnel of a client that dials in is up (1) or not (0).", BY_CLIENT)
    families.gauge("repository_info", "Repository; value is always 1.", ("client", "repository_id", "encryption"))


def configured(families: Families, client: Client, next_run: datetime | None) -> None:
    """Say what the configuration wants of a client."""
    name = client.name
    families.add("client_info", 1, name, client.method, client.names, client.reach)
    families.add("client_enabled", client.enabled, name)
    families.add("run_next_timestamp_seconds", next_run.timestamp() if next_run else 0, name, _CREATE)
    families.add("run_max_age_seconds", client.overdue_after.total_seconds(), name, _CREATE)


def tunnels(families: Families, text: str | None) -> None:
    """Say which clients that dial in have done so; `text` is the supervisor's fact of them."""
    for name, state in json.loads(text or "{}").items():
        families.add("client_tunnel_up", state == UP, name)


def in_progress(
    families: Families, name: str, run: RunRecord | None, progress: Progress | None, history: ClientHistory | None
) -> None:
    """Say whether the client is being pulled, and how far that has come."""
    families.add("run_in_progress", run is not None, name, _CREATE)
    if run is None:
        return
    progress_bytes = progress.original_size if progress else 0
    families.add("run_processed_bytes", progress_bytes, name, _CREATE)
    families.add("run_processed_files", progress.files if progress else 0, name, _CREATE)
    before = history.last_success.archive if history and history.last_success else None
    if before is not None and before.original_size > 0:
        ratio = min(MOST_PROGRESS, progress_bytes / before.original_size)
        families.add("run_progress_ratio", ratio, name, _CREATE)


def past_runs(families: Families, name: str, history: ClientHistory | None, run: RunRecord | None) -> None:
    """Say how the runs of the client went; a client that never ran has zeros, so that an alert can see it."""
    last = history.last if history else None
    success = history.last_success if history else None
    newest = run or last
    at = {
        "run_last_start_timestamp_seconds": newest.started if newest else None,
        "run_last_completion_timestamp_seconds": last.finished if last else None,
        "run_last_success_timestamp_seconds": success.finished if success else None,
    }
    for family, time in at.items():
        families.add(family, time.timestamp() if time else 0, name, _CREATE)
    if last is not None:
        families.add("run_last_duration_seconds", last.duration.total_seconds() if last.duration else 0, name, _CREATE)
        families.add("run_last_warnings", last.warning_count, name, _CREATE)
        for outcome in Outcome:
            families.add("run_last_status", outcome is last.outcome, name, _CREATE, outcome.value)
    families.add("run_consecutive_failures", history.consecutive_failures if history else 0, name, _CREATE)
    families.add("runs_total", history.runs if history else 0, name, _CREATE)
    families.add("run_duration_seconds_total", history.duration_seconds if history else 0, name, _CREATE)
    failures = {reason.value: 0 for reason in ALWAYS} | (dict(history.failures) if history else {})
    for reason, count in failures.items():
        families.add("run_failures_total", count, name, _CREATE, reason)


def stored(families: Families, name: str, history: ClientHistory | None) -> None:
    """Say how large the last archive and the repository are, as the last good run told."""
    families.add("archive_original_bytes_total", history.original_bytes if history else 0, name)
    families.add("archive_deduplicated_bytes_total", history.deduplicated_bytes if history else 0, name)
    success = history.last_success if history else None
    archive, repository = (success.archive, success.repository) if success else (None, None)
    if archive is not None:
        families.add("archive_last_original_bytes", archive.original_size, name)
        families.add("archive_last_compressed_bytes", archive.compressed_size, name)
        families.add("archive_last_deduplicated_bytes", archive.deduplicated_size, name)
        families.add("archive_last_files", archive.files, name)
    if repository is not None:
        families.add("repository_info", 1, name, repository.id, repository.encryption)
        families.add("repository_original_bytes", repository.total_size, name)
        families.add("repository_compressed_bytes", repository.total_csize, name)
        families.add("repository_deduplicated_bytes", repository.unique_csize, name)
        families.add("repository_disk_bytes", repository.disk_size, name)
        families.add("repository_archives", repository.archives, name)


_RUN_GAUGES = {
    "run_next_timestamp_seconds": "Unix time of the next scheduled run; 0 if none is scheduled.",
    "run_max_age_seconds": "Longest acceptable age of the last success.",
    "run_last_start_timestamp_seconds": "Unix time when the last run started; 0 if never.",
    "run_last_completion_timestamp_seconds": "Unix time when the last run ended, whatever its outcome; 0 if never.",
    "run_last_success_timestamp_seconds": (
        "Unix time when the last run that succeeded (with or without warnings) ended; 0 if never."
    ),
    "run_last_duration_seconds": "Duration of the last completed run.",
    "run_last_warnings": "Warnings of the last completed run.",
    "run_consecutive_failures": "Failed or interrupted runs since the last success.",
    "run_in_progress": "Whether a run is in progress (1) or not (0).",
    "run_progress_ratio": (
        "Progress of the run in progress from 0 to 1; for create an estimate against the previous archive."
    ),
    "run_processed_bytes": "Original bytes read so far by the run in progress.",
    "run_processed_files": "Files read so far by the run in progress.",
}
_CLIENT_GAUGES = {
    "archive_last_original_bytes": "Original size of the last archive.",
    "archive_last_compressed_bytes": "Compressed size of the last archive.",
    "archive_last_deduplicated_bytes": "Bytes the last archive added to the repository.",
    "archive_last_files": "Files in the last archive.",
    "repository_original_bytes": "Original size of all archives (borg total_size).",
    "repository_compressed_bytes": "Compressed size of all archives before deduplication (borg total_csize).",
    "repository_deduplicated_bytes": "Compressed size of the unique chunks (borg unique_csize).",
    "repository_disk_bytes": "Size of the repository folder on disk, including space not yet compacted.",
    "repository_archives": "Archives in the repository.",
}
