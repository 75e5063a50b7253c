"""What the doctor asks of the container engine, which proves it by throw-away containers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.cli.findings import bad, fine, warning
from appliance.cli.readable import age
from appliance.errors import EngineError, ExitCode
from appliance.plan.engine_facts import OLDEST_API

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from appliance.cli.findings import Finding
    from appliance.cli.surroundings import InspectableEngine
    from appliance.config.model import ApplianceSettings
    from appliance.plan.engine_facts import EngineFacts

# An answer takes its time, and a time is told in whole seconds by some.
_SLACK = timedelta(seconds=30)


def engine_findings(engine: InspectableEngine) -> Iterator[Finding]:
    """Ask for the engine's version and for this container; nothing is started."""
    try:
        facts = engine.facts()
    except EngineError as error:
        yield _bad("engine", str(error), "")
        return
    if facts.is_too_old:
        sentence = f"version {facts.version} speaks API {facts.api_version}, and Borgpull needs {OLDEST_API} or newer"
        yield _bad("engine", sentence, "update Docker to 17.06 or newer")
    else:
        yield fine("engine", f"reachable, version {facts.version}, API {facts.api_version}")
    try:
        own = engine.own()
        yield fine("own container", f"found: {own.name} ({own.id[:12]}), image {own.image[:19]}")
    except EngineError as error:
        yield _bad("own container", str(error), "")


def engine_clock_findings(engine: InspectableEngine, now: datetime) -> Iterator[Finding]:
    """Ask the engine for its clock."""
    try:
        yield _clock(engine.facts(), now)
    except EngineError as error:
        yield _bad("engine", str(error), "")


def container_findings(
    engine: InspectableEngine, settings: ApplianceSettings, folders: tuple[Path, ...], *, needs_fuse: bool
) -> Iterator[Finding]:
    """Start throw-away containers with what pull containers get: the folders, and the rights for FUSE."""
    for folder in folders:
        yield _folder(engine, folder)
    yield _fuse(engine, settings, needs_fuse=needs_fuse)


def _folder(engine: InspectableEngine, folder: Path) -> Finding:
    subject = f"{folder} in containers"
    variable = f"BORGPULL_HOST_PATH_{folder.name.upper()}"
    try:
        trouble = engine.prove(str(folder))
        host = engine.host_path(str(folder))
    except EngineError as error:
        return _bad(subject, str(error), "")
    if trouble:
        return _bad(subject, trouble, f"check the supervisor's `volumes`, or set {variable} to its path there")
    return fine(subject, f"is {host} on the host, proven by a container that read it there")


def _fuse(engine: InspectableEngine, settings: ApplianceSettings, *, needs_fuse: bool) -> Finding:
    trouble = engine.fuse_check(settings.fuse_device, privileged=settings.privileged)
    if not trouble:
        return fine("FUSE", f"a container has mounted with {settings.fuse_device}, as pulls over sshfs do")
    advice = "method sshfs needs it; method mount works without"
    return _bad("FUSE", trouble, advice) if needs_fuse else warning("FUSE", trouble, advice)


def _clock(facts: EngineFacts, now: datetime) -> Finding:
    if facts.now is None:
        return fine("engine clock", "not told")
    apart = facts.now - now
    if abs(apart) <= _SLACK:
        return fine("engine clock", "agrees with this one")
    side = "ahead of" if apart > timedelta() else "behind"
    sentence = f"the engine's clock is {age(abs(apart))} {side} this one ({facts.now:%Y-%m-%d %H:%M} UTC there)"
    return bad("engine clock", sentence, "set both machines' clocks by NTP: schedules and archive names go by them")


def _bad(subject: str, sentence: str, advice: str) -> Finding:
    return bad(subject, sentence, advice, ExitCode.ENGINE)
