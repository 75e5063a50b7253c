"""What the verbs need of the world, in one object that tests replace by fakes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import click

from appliance.cli.readable import age, did_you_mean
from appliance.errors import ConfigError, NotFoundError, StateError, SupervisorError
from appliance.plan import known_clients
from appliance.ports import Clock, Engine, Facts, Journal, Ledger, Outbox, Past, Requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import tzinfo
    from pathlib import Path

    from appliance.config.model import Appliance, Client
    from appliance.config.owner import Owner
    from appliance.plan.disk_ledger import DiskLedger
    from appliance.plan.engine_facts import EngineFacts, OwnContainer
    from appliance.plan.escrow import BundledFile
    from appliance.plan.file_systems import VolumeLook
    from appliance.plan.run_plan import RunPlan
    from appliance.plan.tunnels import Tunnel
    from appliance.run import Logs, Volumes
    from appliance.supervisor import Post

# The supervisor beats every five seconds; a busy NAS may be late by a few beats.
HEARTBEAT_LIMIT = timedelta(seconds=30)


class Store(Journal, Ledger, Past, Requests, Facts, Outbox, Protocol):
    """The journal as the command line needs it."""

    def close(self) -> None:
        """Let go of the file; the next use opens it anew."""


class InspectableEngine(Engine, Protocol):
    """The engine, with what the doctor wants to know of it."""

    @property
    def address(self) -> str:
        """Where it is expected: `unix:///var/run/docker.sock`, `tcp://socket-proxy:2375`."""

    def facts(self) -> EngineFacts:
        """Return what it says of itself; raises EngineError when it cannot be reached at all."""

    def own(self) -> OwnContainer:
        """Return what it says of the asking container; raises EngineError when that cannot be found."""

    def ping(self) -> str:
        """Return the engine's version; raises EngineError when it cannot be reached."""

    def image(self) -> str:
        """Return the id of the own image; raises EngineError when the own container cannot be found."""

    def host_path(self, path: str) -> str:
        """Return the host's path for a path of the supervisor; raises EngineError where there is none."""

    def prove(self, folder: str) -> str:
        """Return "" when a sibling container sees this folder, else a sentence; raises EngineError."""

    def fuse_check(self, device: str, *, privileged: bool = False) -> str:
        """Return "" when a container may mount FUSE with this device, else a sentence."""


class Keys(Protocol):
    """The key pairs, passphrases and pinned host keys of the clients."""

    def create(self, client: str) -> None:
        """Make the key pair and the passphrase that are not there yet; what is there stays."""

    def create_agent_key(self, client: str) -> None:
        """Make the key that the client has for good for its way back, if it is not there yet."""

    def create_restore_key(self, client: str) -> None:
        """Make the key pair that may write on the client while it is let in there, if it is not there yet."""

    def is_known(self, client: str) -> bool:
        """Whether there is a key, a passphrase or a pinned host key of the client."""

    def forget(self, client: str) -> None:
        """Remove all of them, of a client that never came to be; raises StateError."""

    def public_key(self, client: str) -> str:
        """Return the public key's line; raises StateError when there is no key pair."""

    def restore_public_key(self, client: str) -> str:
        """Return the line of the restore key's public half; raises StateError when there is no such key pair."""

    def pinned(self, client: str, hop: int = 0) -> tuple[str, ...]:
        """Return the pinned host keys, each `type base64`, of the client (0) or of a hop on the way to it."""

    def pin(self, client: str, host_keys: tuple[str, ...], hop: int = 0) -> None:
        """Pin exactly these host keys; those of the other machines on the way stay."""


class TunnelBook(Protocol):
    """Who has which port on the gateway, and the gateway's own key."""

    def tunnel(self, client: str) -> Tunnel | None:
        """Return the client's tunnel; None when it has no port yet."""

    def register(self, client: str, key: str = "") -> Tunnel:
        """Give the client a port of its own if it has none; raises ValueError for a key that cannot be let in."""

    def host_key(self) -> str:
        """Return the gateway's public host key, which is made once."""


class EscrowKeeper(Protocol):
    """The appliance's files as the escrow needs them. Every method raises StateError."""

    def gather(self) -> tuple[BundledFile, ...]:
        """Return everything that belongs to the configuration."""

    def in_the_way(self, files: Sequence[BundledFile]) -> tuple[Path, ...]:
        """Return the files that `put` would replace by something else."""

    def put(self, files: Sequence[BundledFile]) -> None:
        """Write each file to its place."""

    def lent(self, plan: RunPlan, *, passphrase: bytes, key: bytes) -> AbstractContextManager[None]:
        """Lay the plan and both secrets ready for one container, for as long as the block lasts."""


class ScratchKeeper(Protocol):
    """Repositories that are thrown away."""

    def lent(self, plan: RunPlan) -> AbstractContextManager[None]:
        """Keep the run's scratch folder for as long as the block lasts; raises StateError."""


class Cipher(Protocol):
    """What encrypts the escrow."""

    def encrypt(self, content: bytes, passphrase: bytes) -> bytes:
        """Return it encrypted; raises StateError where that does not work."""

    def decrypt(self, content: bytes, passphrase: bytes) -> bytes:
        """Return what was encrypted, whole and unchanged; raises BorgpullError where it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The world as one command sees it. Everything is opened only when a verb asks for it."""

    config_folder: Path
    state_folder: Path
    repositories_folder: Path
    restored_folder: Path
    load: Callable[[], Appliance]
    # Whose files the verbs make; raises ConfigError.
    owner: Callable[[], Owner]
    journal: Callable[[], Store]
    engine: Callable[[], InspectableEngine]
    volumes: Callable[[], Volumes]
    # Say how a folder of the appliance is; trouble is part of the answer.
    look_at: Callable[[Path], VolumeLook]
    logs: Callable[[], Logs]
    keys: Callable[[], Keys]
    tunnels: Callable[[], TunnelBook]
    post: Callable[[], Post]
    escrow_files: Callable[[], EscrowKeeper]
    cipher: Callable[[], Cipher]
    scratch: Callable[[], ScratchKeeper]
    # Return the ledger's copy beside the client's repository; raises StateError where it is not of our own making.
    disk_ledger: Callable[[str], DiskLedger | None]
    # A journal of its own for another machine, with these facts besides.
    snapshot: Callable[[Mapping[str, str]], bytes]
    clock: Clock
    wait: Callable[[float], None]
    # Whether somebody is there who can be asked.
    is_terminal: Callable[[], bool]


in_surroundings = click.make_pass_decorator(Surroundings)


def what_holds(world: Surroundings) -> Appliance:
    """Return the configuration as the supervisor would take it; raises ConfigError."""
    appliance = world.load()
    # The journal is asked only where it decides: a configuration can be checked without one.
    if appliance.is_main_blank:
        with suppress(StateError):
            known_clients.insist_not_emptied(appliance, world.journal().fact(known_clients.KNOWN_CLIENTS))
    return appliance


def known_client(appliance: Appliance, name: str) -> Client:
    """Return the client of that name; raises NotFoundError with the nearest names."""
    client = appliance.client(name)
    if client is None:
        raise no_such_client(name, [one.name for one in appliance.clients])
    return client


def names_and_zone(world: Surroundings) -> tuple[list[str], tzinfo]:
    """Return clients and time zone; while the configuration does not hold, no clients and UTC: the past can be read."""
    try:
        appliance = world.load()
    except ConfigError:
        return [], UTC
    return [client.name for client in appliance.clients], appliance.timezone


def no_such_client(name: str, known: Iterable[str]) -> NotFoundError:
    """Say that there is no such client, and which names are near."""
    hint = did_you_mean(name, known) or " `borgpull client list` shows all clients."
    return NotFoundError(f"there is no client {name!r} in the configuration.{hint}")


def heartbeat_age(store: Store, now: datetime) -> timedelta | None:
    """How long ago the supervisor last gave a sign of life; None when it never did."""
    beat = store.fact("heartbeat")
    return None if not beat else now - datetime.fromisoformat(beat)


def is_alive(heartbeat: timedelta | None) -> bool:
    """Whether a supervisor with that heartbeat counts as running."""
    return heartbeat is not None and heartbeat <= HEARTBEAT_LIMIT


def require_supervisor(store: Store, now: datetime) -> None:
    """Raise SupervisorError when nobody is there to answer a request."""
    heartbeat = heartbeat_age(store, now)
    if not is_alive(heartbeat):
        raise SupervisorError(supervisor_sentence(heartbeat))


def supervisor_sentence(heartbeat: timedelta | None) -> str:
    """Say that the supervisor does not run, since when, and what to do."""
    since = "it has never run here" if heartbeat is None else f"its last sign of life was {age(heartbeat)} ago"
    return f"the supervisor is not running ({since}); start it with `docker compose up -d`"
