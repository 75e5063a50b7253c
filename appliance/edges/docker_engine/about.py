"""What the engine answers when it is asked about itself and about the asking container, made to values."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from appliance.plan.engine_facts import EngineFacts, OwnContainer, OwnMount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def engine_facts(version: Mapping[str, Any], date: str) -> EngineFacts:
    """Read its answer about its version, and the date in the head of an answer."""
    return EngineFacts(
        version=str(version.get("Version", "unknown")),
        api_version=str(version.get("ApiVersion", "unknown")),
        kernel=str(version.get("KernelVersion", "")),
        architecture=str(version.get("Arch", "")),
        now=_moment(date),
    )


def own_container(facts: Mapping[str, Any]) -> OwnContainer:
    """Read what `inspect` says of the asking container; of its environment the names alone."""
    config, host = facts.get("Config") or {}, facts.get("HostConfig") or {}
    return OwnContainer(
        id=str(facts.get("Id", "")),
        name=str(facts.get("Name", "")).lstrip("/"),
        image=str(facts.get("Image", "")),
        user=str(config.get("User") or ""),
        restart=str((host.get("RestartPolicy") or {}).get("Name") or "no"),
        network=str(host.get("NetworkMode") or ""),
        storage=str(facts.get("Driver") or ""),
        apparmor=str(facts.get("AppArmorProfile") or ""),
        selinux=str(facts.get("ProcessLabel") or ""),
        security=tuple(str(option) for option in host.get("SecurityOpt") or ()),
        mounts=tuple(
            OwnMount(
                target=str(mount.get("Destination", "")),
                source=str(mount.get("Name") or mount.get("Source", "")),
                kind=str(mount.get("Type", "")),
                writable=bool(mount.get("RW", True)),
            )
            for mount in facts.get("Mounts") or ()
        ),
        environment=tuple(sorted(str(pair).partition("=")[0] for pair in config.get("Env") or ())),
    )


def _moment(date: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return None
    return found if found.tzinfo else None
