"""Translate a path of the supervisor to the path the engine's host has for it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from appliance.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OVERRIDES = {
    "/config": "BORGPULL_HOST_PATH_CONFIG",
    "/state": "BORGPULL_HOST_PATH_STATE",
    "/repos": "BORGPULL_HOST_PATH_REPOS",
    "/restored": "BORGPULL_HOST_PATH_RESTORED",
}


def overridden(path: str, environment: Mapping[str, str]) -> str | None:
    """Return the host's path where the operator has set it by environment variable, or None."""
    for folder, variable in _OVERRIDES.items():
        if environment.get(variable) and PurePosixPath(path).is_relative_to(folder):
            return _joined(environment[variable], path, folder)
    return None


def translated(path: str, mounts: Sequence[Mapping[str, Any]]) -> str:
    """Return the host's path by the supervisor's own mounts, as the engine lists them.

    Raises EngineError for a path that is on no mount, or on a volume that only its driver can reach.
    """
    holding = [mount for mount in mounts if PurePosixPath(path).is_relative_to(mount["Destination"])]
    if not holding:
        raise EngineError(
            f"{path} is inside the supervisor's container and not on a volume or a folder of the host, so a pull "
            f"container cannot be given it; add it to `volumes` of the supervisor{_hint(path)}"
        )
    mount = max(holding, key=lambda mount: len(PurePosixPath(mount["Destination"]).parts))
    if mount.get("Type") not in ("bind", "volume") or mount.get("Driver", "local") not in ("", "local"):
        raise EngineError(
            f"{path} is on a mount of type {mount.get('Type')} with driver {mount.get('Driver') or 'none'}, which has "
            f"no folder on the host to give to a pull container; use a folder of the host{_hint(path)}"
        )
    return _joined(mount["Source"], path, mount["Destination"])


def _joined(host_folder: str, path: str, folder: str) -> str:
    rest = PurePosixPath(path).relative_to(folder)
    return str(PurePosixPath(host_folder) / rest)


def _hint(path: str) -> str:
    variable = next((name for folder, name in _OVERRIDES.items() if PurePosixPath(path).is_relative_to(folder)), "")
    return f", or set {variable} to its path on the host" if variable else ""
