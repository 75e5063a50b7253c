"""Metrics of the appliance as a whole: build, configuration, scheduler, engine, storage."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from appliance.plan.escrow import FACT, OUTDATED_SINCE, PROVEN, EscrowFact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from appliance.config.model import Appliance
    from appliance.edges.metrics.families import Families
    from appliance.record import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What this image is."""

    version: str
    revision: str
    borg_version: str


def declare(families: Families) -> None:
    """Describe every family of this module."""
    gauge = families.gauge
    gauge(
        "build_info",
        "Build information; value is always 1.",
        ("version", "revision", "borg_version", "python_version"),
    )
    gauge(
        "config_last_reload_successful",
        "Whether the last configuration load succeeded (1) or the previous configuration is still in use (0).",
    )
    gauge("config_last_reload_success_timestamp_seconds", "Unix time of the last successful configuration load.")
    gauge("clients_configured", "Number of clients in the active configuration.")
    gauge(
        "scheduler_last_tick_timestamp_seconds",
        "Unix time of the last sign of life of the scheduler; stops moving when the supervisor hangs.",
    )
    gauge("scheduler_paused", "Whether scheduling is paused by the operator (1) or running (0).")
    gauge("slots", "Number of runs allowed at the same time.")
    gauge("queue_length", "Number of runs that are due and waiting for a free slot.")
    gauge("docker_up", "Whether the container engine answered last time it was asked (1) or not (0).")
    gauge("escrow_made_timestamp_seconds", "Unix time at which the newest escrow was made.")
    gauge(
        "escrow_proven_timestamp_seconds",
        "Unix time at which the newest escrow was proven for every client, if it was.",
    )
    gauge(
        "escrow_outdated_since_timestamp_seconds",
        "Unix time since when the newest escrow has lacked something that another machine would need; none while it is "
        "complete.",
    )
    gauge("storage_size_bytes", "Size of the file system that holds the repositories.")
    gauge("storage_available_bytes", "Bytes available to the appliance on that file system.")
    gauge(
        "storage_files_free",
        "Free inodes on that file system; 0 on file systems without a limit of inodes, such as btrfs.",
    )
    families.counter("log_messages_total", "Messages the supervisor logged since its start, by level.", ("level",))
    gauge("storage_readonly", "Whether that file system is mounted read-only (1) or not (0).")


def build(families: Families, made: Build) -> None:
    """Say what runs here."""
    families.add("build_info", 1, made.version, made.revision, made.borg_version, platform.python_version())


def scheduler(
    families: Families,
    appliance: Appliance,
    facts: Mapping[str, str | None],
    running: Iterable[RunRecord],
    now: datetime,
) -> None:
    """Say how the configuration and the scheduler are; a fact nobody knows yet leaves its sample out."""
    families.add("config_last_reload_successful", not json.loads(facts.get("config_problems") or "[]"))
    _time(families, "config_last_reload_success_timestamp_seconds", facts.get("config_loaded"))
    families.add("clients_configured", len(appliance.clients))
    _time(families, "scheduler_last_tick_timestamp_seconds", facts.get("heartbeat"))
    families.add("scheduler_paused", bool(facts.get("paused")))
    families.add("slots", appliance.settings.max_parallel)
    busy = {run.client for run in running}
    due = (name for name, time in next_runs(facts.get("next_runs")).items() if time <= now)
    families.add("queue_length", 0 if facts.get("paused") else sum(name not in busy for name in due))
    if facts.get("docker"):
        families.add("docker_up", facts["docker"] == "up")


def escrow(families: Families, facts: Mapping[str, str | None]) -> None:
    """Say how old the newest escrow is, and since when it is out of date; nothing where there never was one."""
    newest = EscrowFact.from_json(facts.get(FACT))
    if newest is None:
        return
    families.add("escrow_made_timestamp_seconds", newest.made.timestamp())
    for name, key in (("proven", PROVEN), ("outdated_since", OUTDATED_SINCE)):
        since = facts.get(key)
        # What an older one was says nothing of this one.
        if since and datetime.fromisoformat(since) >= newest.made:
            _time(families, f"escrow_{name}_timestamp_seconds", since)


def logged(families: Families, counts: Mapping[str, int]) -> None:
    """Say how many messages of each level there were."""
    for level, count in counts.items():
        families.add("log_messages_total", count, level)


def storage(families: Families, folder: Path) -> None:
    """Say how full the volume of the repositories is; raises OSError when it cannot be looked at."""
    found = os.statvfs(folder)
    families.add("storage_size_bytes", found.f_blocks * found.f_frsize)
    families.add("storage_available_bytes", found.f_bavail * found.f_frsize)
    families.add("storage_files_free", found.f_favail if found.f_files else 0)
    families.add("storage_readonly", bool(found.f_flag & os.ST_RDONLY))


def next_runs(text: str | None) -> dict[str, datetime]:
    """Read the fact that says when each client is due next."""
    return {name: datetime.fromisoformat(time) for name, time in json.loads(text or "{}").items() if time}


def _time(families: Families, name: str, text: str | None) -> None:
    if text:
        families.add(name, datetime.fromisoformat(text).timestamp())
