"""The real world for the command line: every edge is built when a verb first asks for it."""

from __future__ import annotations

import os
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.cli.surroundings import Surroundings
from appliance.config.given import with_files
from appliance.config.load import load
from appliance.config.owner import Owner
from appliance.edges.clock import SystemClock
from appliance.edges.disk_ledger import DiskLedgers
from appliance.edges.escrow_files import EscrowFiles
from appliance.edges.openpgp import OpenPgp
from appliance.edges.run_logs import RunLogs
from appliance.edges.scratch import Scratch
from appliance.edges.tunnels import TunnelFiles
from appliance.edges.volume_look import look_at
from appliance.edges.volumes import Volumes
from appliance.errors import StateError
from appliance.plan import places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.cli.surroundings import InspectableEngine, Keys, Store
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
        load=lambda: load(config, environment),
        owner=owner,
        journal=cache(lambda: _journal(state)),
        engine=cache(lambda: _engine(environment)),
        volumes=cache(lambda: Volumes(config=config, state=state, repositories=repositories, **owner().ids())),
        look_at=look_at,
        logs=cache(lambda: RunLogs(state)),
        keys=cache(lambda: _keys(config, owner())),
        tunnels=cache(lambda: TunnelFiles(config=config, state=state, **owner().ids())),
        post=cache(lambda: _post(config)),
        escrow_files=lambda: EscrowFiles(config=config, state=state, **owner().ids()),
        cipher=OpenPgp,
        scratch=lambda: Scratch(state, **owner().ids()),
        disk_ledger=lambda name: DiskLedgers(config=config, repositories=repositories).read(name),
        snapshot=lambda facts: _snapshot(state, facts),
        clock=SystemClock(),
        wait=_wait,
        is_terminal=lambda: sys.stdin.isatty() and sys.stdout.isatty(),
    )


def _journal(state: Path) -> Store:
    from appliance.edges.sqlite_journal import SqliteJournal  # noqa: PLC0415 - `config check` needs none

    if not state.is_dir():
        raise StateError(
            f"there is no {state} here: run this in the supervisor's container "
            "(`docker compose exec supervisor borgpull …`), with a volume mounted at that place"
        )
    return SqliteJournal(state / places.JOURNAL.name, SystemClock())


def _snapshot(state: Path, facts: Mapping[str, str]) -> bytes:
    from appliance.edges.sqlite_journal.snapshot import snapshot  # noqa: PLC0415 - one verb needs it

    return snapshot(state / places.JOURNAL.name, facts)


def _engine(environment: Mapping[str, str]) -> InspectableEngine:
    from appliance.edges.docker_engine import DockerEngine  # noqa: PLC0415 - slow to load, and few verbs need it

    return DockerEngine(environment=environment)


def _keys(config: Path, owner: Owner) -> Keys:
    from appliance.edges.keys import KeyStore  # noqa: PLC0415 - slow to load, and few verbs need it

    return KeyStore(config, **owner.ids())


def _post(config: Path) -> Post:
    # Few verbs tell anybody anything.
    from appliance.edges.notify_apprise import AppriseNotifier  # noqa: PLC0415
    from appliance.edges.notify_healthchecks import HealthchecksNotifier  # noqa: PLC0415
    from appliance.edges.notify_urls import NotifyUrls  # noqa: PLC0415
    from appliance.supervisor import Post  # noqa: PLC0415

    return Post(services=AppriseNotifier(), checks=HealthchecksNotifier(), read_secret=NotifyUrls(config).read)


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)
