"""The dashboard of one client."""

from __future__ import annotations

from scripts.dashboards.panels import AMBER, GREEN, GREY, RED, Row, bars, gauge, graph, stacked, stat

_NEVER = {"0": ("never", GREY)}
_OUTCOMES = {"0": ("none", GREY), "1": ("success", GREEN), "2": ("warning", AMBER), "3": ("failed", RED)}
_SUCCESS = 'borgpull_run_last_success_timestamp_seconds{operation="create"}'
_IDLE = '0 * borgpull_run_in_progress{operation="create"}'

STATUS = Row(
    title="Status",
    panels=(
        stat("Outcome", "How the last backup ended.", "short",
             'sum(borgpull_run_last_status{operation="create", status="success"})'
             ' + 2 * sum(borgpull_run_last_status{operation="create", status="warning"})'
             ' + 3 * sum(borgpull_run_last_status{operation="create", status=~"failed|interrupted"})', width=4,
             names=_OUTCOMES),
        stat("Last good backup", "When the last backup that counts was made.", "dateTimeFromNow",
             f"{_SUCCESS} * 1000", width=4, names=_NEVER),
        stat("Age against its limit", "1 is max_age: from there on the client is overdue.", "percentunit",
             f'(time() - {_SUCCESS}) / borgpull_run_max_age_seconds{{operation="create"}}', width=4,
             steps=((None, GREEN), (1.0, AMBER), (3.0, RED))),
        stat("Next run", "When the next scheduled backup begins.", "dateTimeFromNow",
             'borgpull_run_next_timestamp_seconds{operation="create"} * 1000', width=4, names=_NEVER),
        gauge("Progress of the run", "Against the size of the last archive, so an estimate; 0 while none runs.",
              "percentunit", f"max(borgpull_run_progress_ratio or {_IDLE})", width=4),
        stat("Reachable", "Whether the last run that tells could log in.", "short",
             "borgpull_client_reachable or borgpull_client_enabled * 0 + 2", width=4,
             names={"0": ("no", RED), "1": ("yes", GREEN), "2": ("not known", GREY)}),
        graph("Bytes read by the run in progress", "Original bytes read so far; 0 while none runs.", "bytes",
              f"borgpull_run_processed_bytes or {_IDLE}", legends=("bytes",)),
        graph("Files read by the run in progress", "Files read so far; 0 while none runs.", "short",
              f"borgpull_run_processed_files or {_IDLE}", legends=("files",)),
    ),
)  # fmt: skip

ARCHIVES = Row(
    title="Archives",
    panels=(
        graph("Archive size", "The last archive: plain, compressed, and what it added to the repository.", "bytes",
              "borgpull_archive_last_original_bytes", "borgpull_archive_last_compressed_bytes",
              "borgpull_archive_last_deduplicated_bytes", legends=("original", "compressed", "new data")),
        graph("Files", "Files in the last archive.", "short", "borgpull_archive_last_files", legends=("files",)),
        bars("New data per day", "What backups added within the day before each moment.", "bytes",
             "increase(borgpull_archive_deduplicated_bytes_total[1d])", legends=("new data",), width=24),
    ),
)  # fmt: skip

RUNS = Row(
    title="Runs",
    panels=(
        graph("Duration by operation", "How long the last run of each operation took.", "s",
              "borgpull_run_last_duration_seconds", legends=("{{operation}}",), width=8),
        graph("Warnings", "Warnings of the last run of each operation.", "short", "borgpull_run_last_warnings",
              legends=("{{operation}}",), width=8),
        bars("Failures by reason", "Failed and interrupted runs within the day before each moment.", "short",
             "sum by (operation, reason) (increase(borgpull_run_failures_total[1d]))",
             legends=("{{operation}}: {{reason}}",), width=8),
    ),
)  # fmt: skip

REPOSITORY = Row(
    title="Repository",
    panels=(
        graph("Repository", "All archives: plain, compressed, deduplicated, and the folder on disk.", "bytes",
              "borgpull_repository_original_bytes", "borgpull_repository_compressed_bytes",
              "borgpull_repository_deduplicated_bytes", "borgpull_repository_disk_bytes",
              legends=("original", "compressed", "deduplicated", "on disk")),
        stacked("Chunks", "Unique chunks, and references to them beyond that.", "short",
                "borgpull_repository_unique_chunks",
                "borgpull_repository_chunks - borgpull_repository_unique_chunks", legends=("unique", "references")),
        graph("Archives kept", "Archives in the repository.", "short", "borgpull_repository_archives",
              legends=("archives",)),
        stat("History reaches back to", "Start of the oldest archive in the ledger.", "dateTimeFromNow",
             "borgpull_repository_oldest_archive_timestamp_seconds * 1000", names=_NEVER),
        stat("Quota", "Configured quota of the repository; 0 means none.", "bytes", "borgpull_repository_quota_bytes"),
    ),
)  # fmt: skip

ROWS = (STATUS, ARCHIVES, RUNS, REPOSITORY)
