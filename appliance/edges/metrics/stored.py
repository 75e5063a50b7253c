"""Metrics of what is kept of each client: its last archive, its repository, its place in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.edges.metrics.families import BY_CLIENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.config.model import Client
    from appliance.edges.metrics.families import Families, Told
    from appliance.plan.checked import Checked
    from appliance.ports import ClientHistory, Span
    from appliance.record import RunRecord


def declare(families: Families) -> None:
    """Describe every family of this module."""
    for name, text in _GAUGES.items():
        families.gauge(name, text, BY_CLIENT)
    families.counter("archive_original_bytes_total", "Original bytes of all archives made.", BY_CLIENT)
    families.counter(
        "archive_deduplicated_bytes_total", "Bytes added to the repository by all archives made.", BY_CLIENT
    )
    families.gauge("repository_info", "Repository; value is always 1.", ("client", "repository_id", "encryption"))


def archives(told: Told, history: ClientHistory | None) -> None:
    """Say how large the last archive and all archives made were."""
    told.add("archive_original_bytes_total", history.original_bytes if history else 0)
    told.add("archive_deduplicated_bytes_total", history.deduplicated_bytes if history else 0)
    archive = history.last_success.archive if history and history.last_success else None
    if archive is not None:
        told.add("archive_last_original_bytes", archive.original_size)
        told.add("archive_last_compressed_bytes", archive.compressed_size)
        told.add("archive_last_deduplicated_bytes", archive.deduplicated_size)
        told.add("archive_last_files", archive.files)


def repository(
    families: Families,
    told: Told,
    client: Client,
    good_runs: Iterable[RunRecord],
    *,
    span: Span | None,
    key_exported: bool,
    checked: Checked | None,
) -> None:
    """Say how the repository stands, as the newest good run that looked at it told, and what checks found."""
    if checked is not None and checked.ever:
        told.add("repository_check_ok", not checked.damaged)
    told.add("repository_quota_bytes", client.quota or 0)
    told.add("repository_oldest_archive_timestamp_seconds", span.oldest.timestamp() if span else 0)
    told.add("repository_newest_archive_timestamp_seconds", span.newest.timestamp() if span else 0)
    looked = [run for run in good_runs if run.repository is not None and run.finished is not None]
    newest = max(looked, key=lambda run: run.started, default=None)
    if newest is None or newest.repository is None or newest.finished is None:
        return
    stats = newest.repository
    families.add("repository_info", 1, client.name, stats.id, stats.encryption)
    told.add("repository_key_exported", key_exported)
    told.add("repository_stats_timestamp_seconds", newest.finished.timestamp())
    told.add("repository_original_bytes", stats.total_size)
    told.add("repository_compressed_bytes", stats.total_csize)
    told.add("repository_deduplicated_bytes", stats.unique_csize)
    told.add("repository_chunks", stats.total_chunks)
    told.add("repository_unique_chunks", stats.total_unique_chunks)
    told.add("repository_disk_bytes", stats.disk_size)
    told.add("repository_archives", stats.archives)


_GAUGES = {
    "archive_last_original_bytes": "Original size of the last archive.",
    "archive_last_compressed_bytes": "Compressed size of the last archive.",
    "archive_last_deduplicated_bytes": "Bytes the last archive added to the repository.",
    "archive_last_files": "Files in the last archive.",
    "repository_original_bytes": "Original size of all archives (borg total_size).",
    "repository_compressed_bytes": "Compressed size of all archives before deduplication (borg total_csize).",
    "repository_deduplicated_bytes": "Compressed size of the unique chunks (borg unique_csize).",
    "repository_chunks": "Chunk references in the repository (borg total_chunks).",
    "repository_unique_chunks": "Unique chunks in the repository (borg total_unique_chunks).",
    "repository_disk_bytes": "Size of the repository folder on disk, including space not yet compacted.",
    "repository_quota_bytes": "Configured quota of the repository; 0 if it has none.",
    "repository_archives": "Archives in the repository.",
    "repository_oldest_archive_timestamp_seconds": "Unix time of the oldest archive in the ledger; 0 if there is none.",
    "repository_newest_archive_timestamp_seconds": "Unix time of the newest archive in the ledger; 0 if there is none.",
    "repository_stats_timestamp_seconds": "Unix time when the statistics of the repository were read.",
    "repository_check_ok": (
        "Whether checks and drills found everything that they read whole (1) or something damaged that is not known to "
        "be repaired (0); absent before the first."
    ),
    "repository_key_exported": "Whether `borgpull key export` has printed the key of the repository (1) or not (0).",
}
