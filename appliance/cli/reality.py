"""The real world for the command line: every edge is imported and built when a verb first asks for it."""

from __future__ import annotations

import os
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.cli.surroundings import Surroundings
from appliance.config.given import with_files
from appliance.config.owner import Owner
from appliance.edges.clock import SystemClock
from appliance.errors import StateError
from appliance.plan import places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.cli.surroundings import (
        Cipher,
        EscrowKeeper,
        InspectableEngine,
        Keys,
        ScratchKeeper,
        Store,
        TunnelBook,
    )
    from appliance.config.model import Appliance
    from appliance.plan.disk_ledger import DiskLedger
    from appliance.plan.file_systems import VolumeLook
    from appliance.run import Logs
    from appliance.run import Volumes as VolumesPort
    from appliance.supervisor import Post


_FOLDERS = {
    "BORGPULL_CONFIG": places.CONFIG,
    "BORGPULL_STATE": places.STATE,
    "BORGPULL_REPOS": places.REPOSITORIES,
    "BORGPULL_RESTORED": places.RESTORED,
}


def real() -> Surroundings:
    """Return the world of the supervisor's container, its folders as in wiring.Folders.

    Raises ConfigError when the environment names a file that is no good.

    Not taken from there: wiring knows every edge, and loading all their libraries takes longer than most verbs.
    """
    environment = with_files(os.environ)
    config, state, repositories, restored = (
        Path(environment.get(variable) or place) for variable, place in _FOLDERS.items()
    )
    owner = cache(lambda: Owner.from_environment(environment))
    return Surroundings(
        config_folder=config,
        state_folder=state,
        repositories_folder=repositories,
        restored_folder=restored,
        load=lambda: _load(config, environment),
        owner=owner,
        journal=cache(lambda: _journal(state)),
        engine=cache(lambda: _engine(environment)),
        volumes=cache(lambda: _volumes(config, state, repositories, owner())),
        look_at=_look_at,
        logs=cache(lambda: _logs(state)),
        keys=cache(lambda: _keys(config, owner())),
        tunnels=cache(lambda: _tunnels(config, state, owner())),
        post=cache(lambda: _post(config)),
        escrow_files=lambda: _escrow_files(config, state, owner()),
        cipher=_cipher,
        scratch=lambda: _scratch(state, owner()),
        disk_ledger=lambda name: _disk_ledger(config, repositories, name),
        snapshot=lambda facts: _snapshot(state, facts),
        clock=SystemClock(),
        wait=_wait,
        is_terminal=lambda: sys.stdin.isatty() and sys.stdout.isatty(),
    )


# What follows imports where it is used: all together, it takes longer than most verbs.
# ruff: noqa: PLC0415


def _load(config: Path, environment: Mapping[str, str]) -> Appliance:
    from appliance.config.load import load

    return load(config, environment)


def _journal(state: Path) -> Store:
    from appliance.edges.sqlite_journal import SqliteJournal

    if not state.is_dir():
        raise StateError(
            f"there is no {state} here: run this in the supervisor's container "
            "(`docker compose exec supervisor borgpull …`), with a volume mounted at that place"
        )
    return SqliteJournal(state / places.JOURNAL.name, SystemClock())


def _snapshot(state: Path, facts: Mapping[str, str]) -> bytes:
    from appliance.edges.sqlite_journal.snapshot import snapshot

    return snapshot(state / places.JOURNAL.name, facts)


def _engine(environment: Mapping[str, str]) -> InspectableEngine:
    from appliance.edges.docker_engine import DockerEngine

    return DockerEngine(environment=environment)


def _keys(config: Path, owner: Owner) -> Keys:
    from appliance.edges.keys import KeyStore

    return KeyStore(config, **owner.ids())


def _post(config: Path) -> Post:
    from appliance.edges.notify_apprise import AppriseNotifier
    from appliance.edges.notify_healthchecks import HealthchecksNotifier
    from appliance.edges.notify_urls import NotifyUrls
    from appliance.supervisor import Post

    return Post(services=AppriseNotifier(), checks=HealthchecksNotifier(), read_secret=NotifyUrls(config).read)


def _volumes(config: Path, state: Path, repositories: Path, owner: Owner) -> VolumesPort:
    from appliance.edges.volumes import Volumes

    return Volumes(config=config, state=state, repositories=repositories, **owner.ids())


def _logs(state: Path) -> Logs:
    from appliance.edges.run_logs import RunLogs

    return RunLogs(state)


def _tunnels(config: Path, state: Path, owner: Owner) -> TunnelBook:
    from appliance.edges.tunnels import TunnelFiles

    return TunnelFiles(config=config, state=state, **owner.ids())


def _escrow_files(config: Path, state: Path, owner: Owner) -> EscrowKeeper:
    from appliance.edges.escrow_files import EscrowFiles

    return EscrowFiles(config=config, state=state, **owner.ids())


def _cipher() -> Cipher:
    from appliance.edges.openpgp import OpenPgp

    return OpenPgp()


def _look_at(folder: Path) -> VolumeLook:
    from appliance.edges.volume_look import look_at

    return look_at(folder)


def _scratch(state: Path, owner: Owner) -> ScratchKeeper:
    from appliance.edges.scratch import Scratch

    return Scratch(state, **owner.ids())


def _disk_ledger(config: Path, repositories: Path, name: str) -> DiskLedger | None:
    from appliance.edges.disk_ledger import DiskLedgers

    return DiskLedgers(config=config, repositories=repositories).read(name)


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)
