"""What the doctor asks of the container engine, which proves it by throw-away containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.cli.findings import bad, fine, warning
from appliance.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.cli.findings import Finding
    from appliance.cli.surroundings import InspectableEngine
    from appliance.config.model import ApplianceSettings


def engine_findings(
    engine: InspectableEngine, settings: ApplianceSettings, folders: tuple[Path, ...], *, needs_fuse: bool
) -> Iterator[Finding]:
    """Look at the engine; what needs a container is left out where none can be started."""
    try:
        yield fine("engine", f"reachable, version {engine.ping()}")
    except EngineError as error:
        yield bad("engine", str(error), "")
        return
    try:
        yield fine("own container", f"found, image {engine.image()[:19]}")
    except EngineError as error:
        yield bad("own container", str(error), "")
        return
    for folder in folders:
        yield _folder(engine, folder)
    yield _fuse(engine, settings, needs_fuse=needs_fuse)


def _folder(engine: InspectableEngine, folder: Path) -> Finding:
    try:
        trouble = engine.prove(str(folder))
        host = engine.host_path(str(folder))
    except EngineError as error:
        trouble, host = str(error), ""
    if trouble:
        variable = f"BORGPULL_HOST_PATH_{folder.name.upper()}"
        return bad(str(folder), trouble, f"check the supervisor's `volumes`, or set {variable} to its path there")
    return fine(str(folder), f"is {host} on the host, proven by a container that read it there")


def _fuse(engine: InspectableEngine, settings: ApplianceSettings, *, needs_fuse: bool) -> Finding:
    trouble = engine.fuse_check(settings.fuse_device, privileged=settings.privileged)
    if not trouble:
        return fine("fuse", f"a container can mount with {settings.fuse_device}")
    worse = bad if needs_fuse else warning
    return worse("fuse", trouble, "method sshfs needs it; method mount works without")
