"""Turn a container spec into what the engine's API wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docker.types import LogConfig
from docker.types import Mount as EngineMount

from appliance.plan.places import GID, UID

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker.api.client import APIClient

    from appliance.ports import ContainerSpec, Mount

# Enough for ssh, sshfs, Borg and their threads; a fork bomb in one container must not take the host along.
MOST_PROCESSES = 512


def configuration(
    api: APIClient, spec: ContainerSpec, *, image: str, host_path: Callable[[str], str]
) -> dict[str, Any]:
    """Return the body of the create request; `host_path` translates a path of the supervisor."""
    untyped: Any = api
    made: dict[str, Any] = untyped.create_container_config(
        image,
        list(spec.command),
        entrypoint=list(spec.entrypoint) or None,
        user=spec.user or None,
        labels=dict(spec.labels),
        host_config=api.create_host_config(**_host(spec, host_path)),
        stop_timeout=spec.stop_grace,
        ports=[inside for inside, _ in spec.ports] or None,
        # The image's own check asks whether a supervisor is well; a run is no supervisor.
        healthcheck={"test": ["NONE"]},
    )
    return made


def _host(spec: ContainerSpec, host_path: Callable[[str], str]) -> dict[str, Any]:
    return {
        "mounts": [_mount(mount, host_path) for mount in spec.mounts],
        "network_mode": spec.network,
        "dns": list(spec.dns) or None,
        "port_bindings": dict(spec.ports) or None,
        # Explicit, since the engine's default may be a driver that cannot be read back (none, syslog, Synology's db).
        "log_config": LogConfig(type=LogConfig.types.JSON, config={"max-size": str(spec.log_bytes), "max-file": "2"}),
        "init": True,
        "read_only": True,
        "tmpfs": _tmpfs(spec),
        "mem_limit": spec.memory,
        "pids_limit": MOST_PROCESSES,
        **_rights(spec),
    }


def _tmpfs(spec: ContainerSpec) -> dict[str, str]:
    # Scratch belongs to the unprivileged user: it runs without any capability, also where nothing of root's runs.
    uid, gid = spec.scratch_owner or (UID, GID)
    return {
        "/run/borgpull": f"mode=0755,size=64m,uid={uid},gid={gid}",
        "/tmp": "mode=1777,size=256m",  # noqa: S108 - a mount point inside
    }


def _rights(spec: ContainerSpec) -> dict[str, Any]:
    if spec.privileged:
        return {"privileged": True, "security_opt": list(spec.security) or None}
    return {
        "cap_drop": ["ALL"],
        "cap_add": list(spec.capabilities) or None,
        "devices": [f"{device}:{device}:rwm" for device in spec.devices] or None,
        "security_opt": list(spec.security) or None,
    }


def _mount(mount: Mount, host_path: Callable[[str], str]) -> EngineMount:
    if mount.volume:
        # Without no_copy the engine would fill an empty volume from the image: the source is never written.
        return EngineMount(mount.target, mount.source, type="volume", read_only=mount.read_only, no_copy=True)
    # Never the -v form: it makes a missing folder on the host instead of failing.
    source = mount.source if mount.host else host_path(mount.source)
    return EngineMount(mount.target, source, type="bind", read_only=mount.read_only)
