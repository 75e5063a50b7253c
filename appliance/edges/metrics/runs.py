"""Metrics of the runs of one client: the one in progress, the last one, all of them; for each operation it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.edges.metrics.families import BY_RUN
from appliance.record import Operation, Outcome, Reason

if TYPE_CHECKING:
    from appliance.edges.metrics.families import Families, Told
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


def declare(families: Families) -> None:
    """Describe every family of this module."""
    for name, text in _GAUGES.items():
        families.gauge(name, text, BY_RUN)
    families.gauge(
        "run_last_status",
        "Outcome of the last completed run: 1 for the status it ended in, 0 for the others.",
        (*BY_RUN, "status"),
    )
    families.gauge(
        "run_last_reason",
        "Why the last completed run did not fully work: 1 for its reason; absent once a run has fully worked.",
        (*BY_RUN, "reason"),
    )
    families.counter("runs_total", "Runs completed.", BY_RUN)
    families.counter("run_failures_total", "Runs that failed or were interrupted, by reason.", (*BY_RUN, "reason"))
    families.counter("run_duration_seconds_total", "Time spent in completed runs.", BY_RUN)


def in_progress(told: Told, run: RunRecord | None, progress: Progress | None, history: ClientHistory | None) -> None:
    """Say whether such a run is in progress, and how far it has come; `told` has client and operation."""
    told.add("run_in_progress", run is not None)
    if run is None or run.operation is not Operation.CREATE:
        return
    progress_bytes = progress.original_size if progress else 0
    told.add("run_processed_bytes", progress_bytes)
    told.add("run_processed_files", progress.files if progress else 0)
    before = history.last_success.archive if history and history.last_success else None
    if before is not None and before.original_size > 0:
        told.add("run_progress_ratio", min(MOST_PROGRESS, progress_bytes / before.original_size))


def past(told: Told, operation: Operation, history: ClientHistory | None, run: RunRecord | None) -> None:
    """Say how the runs went; a client that never ran has zeros, so that an alert can see it."""
    last = history.last if history else None
    success = history.last_success if history else None
    newest = run or last
    at = {
        "run_last_start_timestamp_seconds": newest.started if newest else None,
        "run_last_completion_timestamp_seconds": last.finished if last else None,
        "run_last_success_timestamp_seconds": success.finished if success else None,
    }
    for family, time in at.items():
        told.add(family, time.timestamp() if time else 0)
    if last is not None:
        _last(told, last)
    told.add("run_consecutive_failures", history.consecutive_failures if history else 0)
    told.add("runs_total", history.runs if history else 0)
    told.add("run_duration_seconds_total", history.duration_seconds if history else 0)
    always = _NONE if operation is Operation.CREATE else {}
    told.add_each("run_failures_total", {**always, **(history.failures if history else {})})


def _last(told: Told, last: RunRecord) -> None:
    told.add("run_last_duration_seconds", last.duration.total_seconds() if last.duration else 0)
    told.add("run_last_warnings", last.warning_count)
    if last.exit_code is not None:
        told.add("run_last_exit_code", last.exit_code)
    told.add_each("run_last_status", {outcome: outcome == last.outcome for outcome in _OUTCOMES})
    if last.reason is not None and last.outcome is not Outcome.SUCCESS:
        told.add_each("run_last_reason", {last.reason.value: 1})


# Plain words, since an enumeration's value is looked up each time and these are written for every client.
_OUTCOMES = tuple(outcome.value for outcome in Outcome)
_NONE = {reason.value: 0 for reason in ALWAYS}
_GAUGES = {
    "run_next_timestamp_seconds": "Unix time of the next scheduled run; 0 if none is scheduled.",
    "run_max_age_seconds": "Longest acceptable age of the last success.",
    "run_last_start_timestamp_seconds": "Unix time when the last run started; 0 if never.",
    "run_last_completion_timestamp_seconds": "Unix time when the last run ended, whatever its outcome; 0 if never.",
    "run_last_success_timestamp_seconds": (
        "Unix time when the last run that succeeded (with or without warnings) ended; 0 if never."
    ),
    "run_last_duration_seconds": "Duration of the last completed run.",
    "run_last_warnings": "Warnings of the last completed run.",
    "run_last_exit_code": (
        "Exit code with which the last completed run ended (docs/reference/exit-codes.md); absent when it had none."
    ),
    "run_consecutive_failures": "Failed or interrupted runs since the last success.",
    "run_in_progress": "Whether a run is in progress (1) or not (0).",
    "run_progress_ratio": "Progress of the backup in progress from 0 to 1, an estimate against the previous archive.",
    "run_processed_bytes": "Original bytes read so far by the backup in progress.",
    "run_processed_files": "Files read so far by the backup in progress.",
}
