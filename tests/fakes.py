"""Stand-ins for the world, each proved equal to the real edge by the same contract suite."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from appliance.errors import DeviceMissingError, EngineError, NameTakenError, NotifyError, PortTakenError, StateError
from appliance.plan.places import LABEL_APPLIANCE
from appliance.plan.tunnels import Tunnel, free_port, public_key
from appliance.ports import ContainerSpec, ContainerState, SaidLine
from tests.memory_journal import MemoryJournal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from appliance.notice import Notice
    from appliance.plan.tunnel_report import TunnelReport

__all__ = ["FakeEngine", "FakeLogs", "FakeNotifier", "FakeTunnels", "FixedClock", "MemoryJournal", "Script"]


@dataclass
class FixedClock:
    """A clock that stands still until it is advanced."""

    time: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 2, 30, tzinfo=UTC))

    def now(self) -> datetime:
        return self.time

    def advance(self, by: timedelta) -> None:
        self.time += by


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a container of FakeEngine does: say these lines, then end so. With `hangs` it runs until it is stopped."""

    lines: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    exit_code: int = 0
    out_of_memory: bool = False
    hangs: bool = False


@dataclass
class _Container:
    spec: ContainerSpec
    script: Script
    exit_code: int | None = None
    finished: datetime | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class FakeEngine:
    """An engine in memory. `play` decides what a container does from its spec; `outage` makes every call fail."""

    def __init__(self, play: Callable[[ContainerSpec], Script] | None = None) -> None:
        self.play = play or (lambda _spec: Script())
        self.devices = {"/dev/fuse"}
        self.volumes: set[str] = set()
        self.outage = ""
        self.started: list[ContainerSpec] = []
        self._containers: dict[str, _Container] = {}
        self._lock = threading.RLock()

    def start(self, spec: ContainerSpec) -> None:
        self._reachable()
        with self._lock:
            if spec.name in self._containers:
                raise NameTakenError(f"a container of the name {spec.name} exists already")
            for device in spec.devices:
                if device not in self.devices:
                    raise DeviceMissingError(f"the engine's host has no {device}")
            for mount in spec.mounts:
                if mount.volume and mount.source not in self.volumes:
                    raise EngineError(f"the engine has no volume of the name {mount.source}")
            self._refuse_taken_ports(spec)
            container = _Container(spec, self.play(spec))
            self.started.append(spec)
            self._containers[spec.name] = container
        if not container.script.hangs:
            self.end(spec.name, container.script.exit_code)

    def _refuse_taken_ports(self, spec: ContainerSpec) -> None:
        running = (each.spec for each in self._containers.values() if not each.ended.is_set())
        taken = {outside for each in running for _, outside in each.ports}
        for _, outside in spec.ports:
            if outside in taken:
                raise PortTakenError(f"port {outside} of the Docker host is taken by another program or container")

    def end(self, name: str, exit_code: int = 0) -> None:
        """Let a container that hangs end by itself."""
        container = self._containers[name]
        if not container.ended.is_set():
            container.exit_code = exit_code
            container.finished = datetime.now(UTC)
            container.ended.set()

    def lines(self, name: str) -> Iterator[str]:
        self._reachable()
        container = self._containers.get(name)
        if container is not None:
            yield from container.script.lines
            container.ended.wait()

    def said(self, name: str, *, follow: bool = False) -> Iterator[SaidLine]:
        self._reachable()
        container = self._containers.get(name)
        if container is not None:
            yield from (SaidLine(text=line, time=datetime.now(UTC)) for line in container.script.lines)
            yield from (SaidLine(text=line, time=datetime.now(UTC), error=True) for line in container.script.errors)
            if follow:
                container.ended.wait()

    def log(self, name: str) -> str:
        self._reachable()
        container = self._containers.get(name)
        return "" if container is None else "".join(f"{line}\n" for line in _said(container.script))

    def inspect(self, name: str) -> ContainerState | None:
        self._reachable()
        container = self._containers.get(name)
        return None if container is None else _state(container)

    def stop(self, name: str, grace_seconds: int) -> None:  # noqa: ARG002 - a fake ends at once
        self._reachable()
        if name in self._containers:
            self.end(name, 143)

    def remove(self, name: str) -> None:
        self._reachable()
        with self._lock:
            if name in self._containers:
                self.end(name, 137)
                del self._containers[name]

    def ours(self, appliance_id: str) -> Sequence[ContainerState]:
        self._reachable()
        with self._lock:
            containers = tuple(self._containers.values())
        return [_state(each) for each in containers if each.spec.labels.get(LABEL_APPLIANCE) == appliance_id]

    def _reachable(self) -> None:
        if self.outage:
            raise EngineError(self.outage)


@dataclass
class FakeTunnels:
    """The files of the gateway in memory. `said` is what the gateway reported last, `trouble` makes every call fail."""

    known: dict[str, Tunnel] = field(default_factory=dict)
    door: str | None = None
    said: TunnelReport | None = None
    trouble: str = ""

    def tunnels(self) -> dict[str, Tunnel]:
        self._usable()
        return dict(self.known)

    def tunnel(self, client: str) -> Tunnel | None:
        return self.tunnels().get(client)

    def register(self, client: str, key: str = "") -> Tunnel:
        self._usable()
        wanted = public_key(key) if key else ""
        before = self.known.get(client)
        self._refuse_second_owner(client, wanted, self.known.values())
        port = before.port if before else free_port(one.port for one in self.known.values())
        made = Tunnel(client=client, port=port, key=wanted or (before.key if before else ""))
        self.known[client] = made
        return made

    def host_key(self) -> str:
        self._usable()
        return "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJfakefakefakefakefakefakefakefakefakefakefake"

    def open_door(self, admissions: str) -> None:
        self._usable()
        self.door = admissions

    def report(self) -> TunnelReport | None:
        return self.said

    def _refuse_second_owner(self, client: str, key: str, known: Iterable[Tunnel]) -> None:
        for other in known:
            if key and other.client != client and other.key == key:
                raise ValueError(f"is the tunnel key of {other.client} already; make another one for {client}")

    def _usable(self) -> None:
        if self.trouble:
            raise StateError(self.trouble)


@dataclass
class FakeLogs:
    """Logs in memory; `trouble` makes every call fail, as a full volume does."""

    trouble: str = ""
    _kept: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    def keep(self, client: str, run_id: str, lines: Sequence[str], *, newest: int) -> None:
        self._usable()
        of_client = self._kept.setdefault(client, {})
        of_client.pop(run_id, None)
        for oldest in list(of_client)[: max(0, len(of_client) - newest + 1)]:
            del of_client[oldest]
        of_client[run_id] = tuple(lines)

    def kept(self, client: str) -> Sequence[str]:
        self._usable()
        return list(reversed(self._kept.get(client, {})))

    def read(self, client: str, run_id: str) -> Sequence[str] | None:
        self._usable()
        found = self._kept.get(client, {}).get(run_id)
        return None if found is None else list(found)

    def _usable(self) -> None:
        if self.trouble:
            raise StateError(self.trouble)


@dataclass
class FakeNotifier:
    """A channel that keeps what it was given. A URL in `troubles` is not delivered to, and for that reason."""

    sent: list[tuple[str, Notice]] = field(default_factory=list)
    troubles: dict[str, str] = field(default_factory=dict)

    def send(self, url: str, notice: Notice) -> None:
        if url in self.troubles:
            raise NotifyError(self.troubles[url])
        self.sent.append((url, notice))


def _said(script: Script) -> tuple[str, ...]:
    return (*script.lines, *script.errors)


def _state(container: _Container) -> ContainerState:
    return ContainerState(
        name=container.spec.name,
        labels=dict(container.spec.labels),
        running=not container.ended.is_set(),
        exit_code=container.exit_code,
        out_of_memory=container.script.out_of_memory,
        finished=container.finished,
    )
