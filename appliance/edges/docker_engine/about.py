"""What the engine answers when it is asked about itself and about the asking container, made to values."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from appliance.plan.engine_facts import EngineFacts, OwnContainer, OwnMount

if TYPE_CHECKING:
    from collections.abc import Mapping


def engine_facts(version: Mapping[str, Any], info: Mapping[str, Any], trouble: str = "") -> EngineFacts:
    """Read its answers to `version` and `info`; the second is empty where it was refused, for `trouble`."""
    cgroup = " ".join(str(info[key]) for key in ("CgroupDriver", "CgroupVersion") if info.get(key))
    return EngineFacts(
        version=str(version.get("Version", "unknown")),
        api_version=str(version.get("ApiVersion", "unknown")),
        operating_system=str(info.get("OperatingSystem", "")),
        kernel=str(info.get("KernelVersion", "")),
        architecture=str(info.get("Architecture", "")),
        storage=str(info.get("Driver", "")),
        cgroup=cgroup,
        security=tuple(str(option) for option in info.get("SecurityOptions") or ()),
        now=_moment(str(info.get("SystemTime", ""))),
        trouble=trouble,
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


def _moment(text: str) -> datetime | None:
    # Nanoseconds, of which Python reads six digits.
    whole, dot, fraction = text.partition(".")
    digits = fraction.rstrip("Z").partition("+")[0].partition("-")[0]
    zone = fraction[len(digits) :] if dot else ""
    try:
        found = datetime.fromisoformat(f"{whole}{dot}{digits[:6]}{zone}")
    except ValueError:
        return None
    return found if found.tzinfo else None
