"""A supervisor over fakes, ticked by hand, that can be killed between any two of its calls to the world."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from appliance.errors import StateError
from appliance.plan.events import write
from appliance.plan.launch_gates import Ground
from appliance.plan.observed import Room
from appliance.run import Desk
from appliance.supervisor import Configuration, Supervisor
from tests.fakes import FakeEngine, FakeLogs, FakeTunnels, FixedClock, Script
from tests.house import good, house
from tests.memory_journal import MemoryJournal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.config.model import Appliance
    from appliance.plan.disk_ledger import DiskLedger
    from appliance.plan.events import Note
    from appliance.plan.gates import Refusal
    from appliance.plan.run_plan import RunPlan
    from appliance.ports import ContainerSpec
    from appliance.record import RunRecord

FINE = Ground(
    free_space=10 << 30,
    read_only=False,
    marker=None,
    has_repository=False,
    has_key=True,
    has_known_hosts=True,
    has_passphrase=True,
)
CLIENT = "borgpull.client"


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for a condition; fails when it does not come true in time."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "it did not come true"
        threading.Event().wait(0.002)


def success(spec: ContainerSpec) -> Script:
    """Do what a pull container does that makes an archive."""
    return Script(lines=(write(good(spec.labels[CLIENT])),))


def hanging(spec: ContainerSpec) -> Script:
    """Do the same, but only when the test lets it end."""
    return Script(lines=(write(good(spec.labels[CLIENT])),), hangs=True)


@dataclass
class FakeVolumes:
    """Volumes whose ground the test sets."""

    ground: Ground = FINE
    refusal: Refusal | None = None
    # Whose files cannot be looked at.
    unreadable: frozenset[str] = frozenset()
    plans: list[RunPlan] = field(default_factory=list)
    released: list[tuple[str, str]] = field(default_factory=list)

    def room(self) -> Room:
        return Room(free=self.ground.free_space, size=100 << 30)

    def survey(self, client: str) -> Ground:
        if client in self.unreadable:
            raise StateError(f"known_hosts/{client} cannot be read")
        made = self.ground.has_repository or any(plan.client == client for plan in self.plans)
        return replace(self.ground, has_repository=made)

    def prepare(self, plan: RunPlan) -> Refusal | None:
        self.plans.append(plan)
        self.ground = replace(self.ground, marker=plan.appliance_id)
        return self.refusal

    def mark(self, appliance_id: str) -> None:
        self.ground = replace(self.ground, marker=appliance_id)

    def release(self, client: str, run_id: str) -> None:
        self.released.append((client, run_id))


class Killed(BaseException):
    """What a process feels of SIGKILL: no handler of ours catches it."""


class Mortal:
    """Passes every call on, until the one at which the process is killed; after that every call kills its thread."""

    def __init__(self, inner: object, life: Life) -> None:
        self._inner = inner
        self._life = life

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*arguments: Any, **keys: Any) -> Any:
            self._life.spend()
            result = method(*arguments, **keys)
            return self._life.each(result) if name in ("lines", "said") else self._life.after(result)

        return call


@dataclass
class Life:
    """How many calls are left before the process is killed."""

    calls: int = 1_000_000
    dead: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self) -> None:
        with self.lock:
            self.calls -= 1
            self.dead = self.dead or self.calls < 0
            if self.dead:
                raise Killed

    def after(self, result: Any) -> Any:
        """Between the effect of a call and its answer lies a moment, too."""
        self.spend()
        return result

    def each(self, lines: Iterator[Any]) -> Iterator[Any]:
        for line in lines:
            self.spend()
            yield line
        self.spend()


class World:
    """Engine, journal, clock and volumes that outlive any supervisor over them."""

    def __init__(self, appliance: Appliance | None = None, play: Callable[[ContainerSpec], Script] = success) -> None:
        self.clock = FixedClock()
        self.engine = FakeEngine(play)
        self.journal = MemoryJournal(self.clock)
        self.volumes = FakeVolumes()
        self.logs = FakeLogs()
        self.tunnels = FakeTunnels()
        self.image = "sha256:first"
        self.appliance = appliance or house("web1", schedule='"30 2 * * *"')
        self.notes: list[tuple[str, Note]] = []
        self.load: Callable[[], Appliance] = lambda: self.appliance
        self.version = 1
        self.kept: list[DiskLedger] = []
        self.no_copy = ""

    def supervisor(self, life: Life | None = None) -> Supervisor:
        """Start another supervisor on what the last one left."""
        life = life or Life()
        closing = threading.Event()
        journal: Any = Mortal(self.journal, life)
        engine: Any = Mortal(self.engine, life)
        configuration = Configuration(
            load=self._load_now, fingerprint=lambda: str(self.version), facts=journal, clock=self.clock
        )
        return Supervisor(
            desk=replace(self.desk(closing, engine, journal), appliance=lambda: configuration.appliance),
            store=journal,
            configuration=configuration,
            closing=closing,
            tunnels=self.tunnels,
            image=lambda: self.image,
        )

    def desk(self, closing: threading.Event, engine: Any = None, journal: Any = None) -> Desk:
        """Return what a run works with."""
        return Desk(
            engine=engine or self.engine,
            journal=journal or self.journal,
            volumes=self.volumes,
            logs=self.logs,
            clock=self.clock,
            log=self._note,
            pause=lambda _seconds: closing.wait(0.002),
            keep_ledger=self._keep,
        )

    def _keep(self, ledger: DiskLedger) -> None:
        if self.no_copy:
            raise StateError(self.no_copy)
        self.kept.append(ledger)

    def _load_now(self) -> Appliance:
        return self.load()

    def _note(self, record: RunRecord, note: Note) -> None:
        self.notes.append((record.client, note))

    def settle(self, supervisor: Supervisor) -> None:
        """Tick until no run is in progress and none is unfinished; six seconds pass at each tick."""

        def settled() -> bool:
            supervisor.tick()
            self.clock.advance(timedelta(seconds=6))
            return not len(supervisor.workers) and not self.journal.unfinished() and not self.left()

        until(settled)

    def left(self) -> list[str]:
        """Return the names of the containers that are still there."""
        return [state.name for state in self.engine.ours(self.journal.fact("appliance_id") or "")]

    def runs(self) -> list[RunRecord]:
        """Return all runs, oldest first."""
        return list(reversed(self.journal.history()))
