"""Puts the real edges together: the one place that knows all of them."""

from __future__ import annotations

import logging
import os
import signal
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from appliance import __version__
from appliance.config.given import with_files
from appliance.config.load import fingerprint, load
from appliance.config.model import Appliance, ApplianceSettings
from appliance.config.owner import Owner
from appliance.edges import log, metrics
from appliance.edges.accounts import write_accounts
from appliance.edges.clock import SystemClock
from appliance.edges.disk_ledger import DiskLedgers
from appliance.edges.docker_engine import DockerEngine
from appliance.edges.escrow_files import EscrowFiles
from appliance.edges.http import HttpServer
from appliance.edges.lock import only_one
from appliance.edges.notify_apprise import AppriseNotifier
from appliance.edges.notify_healthchecks import HealthchecksNotifier
from appliance.edges.notify_urls import NotifyUrls
from appliance.edges.run_logs import RunLogs
from appliance.edges.sqlite_journal import SqliteJournal
from appliance.edges.tunnels import TunnelFiles
from appliance.edges.volumes import Volumes
from appliance.errors import ExitCode, StateError
from appliance.plan import places
from appliance.plan.known_clients import FAULT, IN_FORCE, NOTHING
from appliance.run import Desk
from appliance.supervisor import Configuration, Courier, Post, Supervisor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    from appliance.plan.events import Note
    from appliance.ports import Facts
    from appliance.record import RunRecord

_LOG = logging.getLogger("appliance.run")
# The loop beats every five seconds; a busy NAS may be late by a few beats.
_HEARTBEAT_LIMIT = timedelta(seconds=30)
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where the three volumes of the appliance are."""

    config: Path
    state: Path
    repositories: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Folders:
        """Read BORGPULL_CONFIG, BORGPULL_STATE and BORGPULL_REPOS; each has the image's folder as its default."""
        return cls(
            config=Path(environment.get("BORGPULL_CONFIG") or places.CONFIG),
            state=Path(environment.get("BORGPULL_STATE") or places.STATE),
            repositories=Path(environment.get("BORGPULL_REPOS") or places.REPOSITORIES),
        )


def supervise() -> int:
    """Run the supervisor until a signal ends it; returns the exit code.

    Raises StateError when the state volume cannot be used or another supervisor works on it, and ConfigError when the
    environment names a file that is no good, or no owner of the files that can be one.
    """
    environment = with_files(os.environ)
    folders, owner = Folders.from_environment(environment), Owner.from_environment(environment)
    log.set_up("text")
    with only_one(folders.state / "supervisor.lock"):
        write_accounts(owner, state=folders.state)
        EscrowFiles(config=folders.config, state=folders.state).sweep()
        clock = SystemClock()
        journal = SqliteJournal(folders.state / places.JOURNAL.name, clock)
        configuration = Configuration(
            load=lambda: _load(folders, environment),
            fingerprint=lambda: fingerprint(folders.config),
            facts=journal,
            clock=clock,
        )
        configuration.refresh()
        supervisor = build(folders, environment, journal, configuration)
        server = http_server(folders, environment, journal, configuration)
        listen_to_signals(supervisor)
        server.start()
        courier(folders, journal, configuration).start(supervisor.closing)
        try:
            supervisor.run()
        finally:
            server.stop()
    return ExitCode.SUCCESS


def build(
    folders: Folders, environment: Mapping[str, str], journal: SqliteJournal, configuration: Configuration
) -> Supervisor:
    """Return a supervisor over the real world; the engine is not asked for anything yet."""
    clock, owner = SystemClock(), Owner.from_environment(environment)
    closing = threading.Event()
    engine = DockerEngine(environment=environment)
    journal.set_fact("version", __version__)
    return Supervisor(
        desk=Desk(
            engine=engine,
            journal=journal,
            volumes=Volumes(
                config=folders.config, state=folders.state, repositories=folders.repositories, **owner.ids()
            ),
            logs=RunLogs(folders.state),
            clock=clock,
            log=_log,
            pause=closing.wait,
            appliance=lambda: configuration.appliance,
            keep_ledger=DiskLedgers(config=folders.config, repositories=folders.repositories).keep,
        ),
        store=journal,
        configuration=configuration,
        closing=closing,
        tunnels=TunnelFiles(config=folders.config, state=folders.state, **owner.ids()),
        engine_version=engine.ping,
        image=engine.image,
        fingerprint=EscrowFiles(config=folders.config, state=folders.state).fingerprint,
    )


def courier(folders: Folders, journal: SqliteJournal, configuration: Configuration) -> Courier:
    """Return what carries notices to the operator's channels."""
    post = Post(services=AppriseNotifier(), checks=HealthchecksNotifier(), read_secret=NotifyUrls(folders.config).read)
    return Courier(outbox=journal, post=post, appliance=lambda: configuration.appliance, clock=SystemClock())


def http_server(
    folders: Folders, environment: Mapping[str, str], journal: SqliteJournal, configuration: Configuration
) -> HttpServer:
    """Return the server of /metrics and /healthz. Its address is read once: another `listen` wants a new start."""
    nothing = Appliance(settings=ApplianceSettings(), clients=(), timezone=ZoneInfo("UTC"))
    clock = SystemClock()
    collector = metrics.Collector(
        configuration=lambda: configuration.appliance or nothing,
        store=journal,
        clock=clock,
        repositories=folders.repositories,
        build=metrics.Build(
            version=environment.get("BORGPULL_VERSION", __version__),
            revision=environment.get("BORGPULL_REVISION", "unknown"),
            borg_version=environment.get("BORGPULL_BORG_VERSION", "unknown"),
        ),
        logged=log.counts,
    )
    listen = (configuration.appliance or nothing).settings.listen
    registry = metrics.registry(collector)
    return HttpServer(listen, lambda: metrics.text_format(registry), lambda: trouble(journal, clock.now()))


def trouble(facts: Facts, now: datetime) -> str:
    """Say what is wrong with the supervisor itself; empty while its loop goes round and it has a configuration."""
    try:
        heartbeat, in_force, fault = facts.fact("heartbeat"), facts.fact(IN_FORCE), facts.fact(FAULT)
    except StateError as error:
        return str(error)
    if not heartbeat:
        return "the loop has not gone round yet"
    age = now - datetime.fromisoformat(heartbeat)
    if age > _HEARTBEAT_LIMIT:
        return f"the loop last went round {age.total_seconds():.0f} s ago"
    if in_force == NOTHING:
        return "no configuration has held since the start, so nothing runs; `borgpull config check` says why"
    if fault:
        return f"a fault of Borgpull keeps it from doing all that is due ({fault}); the log has more, please report it"
    return ""


def listen_to_signals(supervisor: Supervisor) -> None:
    """Let SIGTERM and SIGINT end the loop, and SIGHUP read the configuration again; the handlers only leave a word."""

    def leave_word(number: int, _frame: FrameType | None) -> None:
        supervisor.signals.append("reload" if number == signal.SIGHUP else "stop")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave_word)


def _load(folders: Folders, environment: Mapping[str, str]) -> Appliance:
    """Read the configuration, and write the log as it says from here on."""
    appliance = load(folders.config, environment)
    log.set_up(appliance.settings.log_format)
    return appliance


def _log(record: RunRecord, note: Note) -> None:
    for line in note.message.splitlines():
        _LOG.log(
            _LEVELS.get(note.level, logging.INFO), "%s", line, extra={"client": record.client, "run": record.run_id}
        )
