"""The supervisor's loop: each second it acts on signals, configuration, requests and what is due, and waits again."""

from __future__ import annotations

import json
import logging
from collections import deque
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from appliance.errors import EngineError, StateError
from appliance.plan.due import Due, callbacks, choose
from appliance.plan.known_clients import FAULT
from appliance.plan.places import container_name
from appliance.ports import Facts, Outbox, Requests
from appliance.record import RunRecord, Trigger
from appliance.run import Order, Records, run
from appliance.supervisor.adopt import Adoption, watch_for
from appliance.supervisor.alarms import Alarms
from appliance.supervisor.choices import Choices
from appliance.supervisor.dial_in import DialIn
from appliance.supervisor.gateway import Gateway
from appliance.supervisor.habits import Habits
from appliance.supervisor.readiness import Readiness
from appliance.supervisor.requests import Inbox
from appliance.supervisor.upkeep import Upkeep, share
from appliance.supervisor.workers import Workers, about

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from threading import Event

    from appliance.config.model import Appliance
    from appliance.plan.judge import Verdict
    from appliance.ports import ClientHistory
    from appliance.record import Request
    from appliance.run import Desk, Tunnels
    from appliance.supervisor.configuration import Configuration

_LOG = logging.getLogger(__name__)
TICK_SECONDS = 1.0
_LOOKS_PER_TICK = 5
BEAT_EVERY = timedelta(seconds=5)


class Store(Records, Requests, Facts, Outbox, Protocol):
    """The journal as the supervisor needs it."""


class Supervisor:
    """Owns the runs in progress. `signals` is where handlers leave "stop" and "reload"; the loop acts on them."""

    def __init__(
        self,
        *,
        desk: Desk,
        store: Store,
        configuration: Configuration,
        closing: Event,
        tunnels: Tunnels,
        engine_version: Callable[[], str] = str,
        image: Callable[[], str] = str,
        fingerprint: Callable[[], str] = str,
    ) -> None:
        self.signals: deque[str] = deque()
        self.choices = Choices(Habits(store).of)
        self.upkeep = Upkeep(store)
        self.workers = Workers(desk)
        self.inbox = Inbox(store, desk.clock.now())
        self._desk = desk
        self._store = store
        self._configuration = configuration
        self.closing = closing
        self._engine_version = engine_version
        self._appliance_id = identity(store)
        self._adoption = Adoption(desk, self.workers, self._appliance_id)
        self._gateway = Gateway(desk.engine, tunnels, self._appliance_id, image)
        self._dial_in = DialIn(self._gateway, self.choices)
        self._histories: Mapping[str, ClientHistory] | None = None
        self._paused = False
        self._engine_trouble: str | None = None
        self._beat_at: datetime | None = None
        self._told: dict[str, str] = {}
        self._readiness = Readiness(desk.volumes, self.choices)
        self._alarms = Alarms(store, desk.volumes.room, fingerprint)
        self._complaints: frozenset[str] = frozenset()

    def run(self) -> None:
        """Supervise until a signal says stop. Pull containers in progress go on, and are adopted at the next start."""
        while not self.closing.is_set():
            self.tick()
            self._wait_for_the_next()
        _LOG.info("the supervisor ends; %d runs go on without it", len(self.workers))

    def _wait_for_the_next(self) -> None:
        """Wait out the tick, but not with somebody at the command line waiting."""
        for _ in range(_LOOKS_PER_TICK):
            if self.closing.wait(TICK_SECONDS / _LOOKS_PER_TICK) or self.signals or self.inbox.is_anybody_waiting():
                return

    def tick(self) -> None:
        """Do once whatever there is to do. A journal or engine that fails now is asked again at the next tick."""
        now = self._desk.clock.now()
        # Alarms apart, since they matter most when the rest fails.
        faults: list[str] = []
        self._complaints = frozenset([self._tried(act, now, faults) for act in (self._act, self._look_for_alarms)])
        # A journal that cannot be written is a complaint already.
        with suppress(StateError):
            self._tell(FAULT, "; ".join(faults))

    def _tried(self, act: Callable[[datetime], None], now: datetime, faults: list[str]) -> str:
        """Act, and return what failed, which is logged when it is new; what is our own fault is added to `faults`."""
        try:
            act(now)
        except (EngineError, StateError) as error:
            if str(error) not in self._complaints:
                _LOG.error("%s", error)
            return str(error)
        except Exception as error:  # noqa: BLE001 - a fault in one act must neither end the other nor the supervisor
            if repr(error) not in self._complaints:
                _LOG.exception("not all of it can be done, by a fault of Borgpull; it is tried again each second")
            faults.append(repr(error))
            return repr(error)
        return ""

    def _look_for_alarms(self, now: datetime) -> None:
        self._alarms.look(self._configuration.appliance, self._histories, now, self._engine_trouble)

    def _act(self, now: datetime) -> None:
        self._handle_signals()
        self.inbox.note()
        if self._configuration.refresh():
            self._decide_anew()
            self._readiness.forget_strangers(self._configuration.appliance)
        self._reap()
        if self._is_time_for_a_beat(now):
            if self._beat_at is None:
                # Of those that were up before, nobody knows yet.
                self._tell("tunnels", json.dumps({}))
            self._beat_at = now
            self._tell("heartbeat", now.isoformat())
            self._look_after_containers()
            self._keep_gateway(now)
            self._tell("waiting", json.dumps(self._readiness.waiting | self._dial_in.waiting))
            self._tell("next_runs", json.dumps(self.choices.next_runs(now)))
        self.inbox.stop_what_is_asked(self.workers)
        # Before what may fail: a stop and a time limit must not wait for it.
        self.workers.enforce(now)
        self._look_at_tunnels(now)
        self._launch(now)

    def _is_time_for_a_beat(self, now: datetime) -> bool:
        if self._beat_at is None or not timedelta(0) <= now - self._beat_at < BEAT_EVERY:
            return True
        # Nobody is refused a run for what was wrong with the engine some seconds ago.
        return bool(self._engine_trouble) and self.inbox.is_a_run_asked_for()

    def _handle_signals(self) -> None:
        while self.signals:
            signal = self.signals.popleft()
            if signal == "stop":
                self.closing.set()
            else:
                self._configuration.look_again()

    def _look_at_pause(self) -> None:
        paused = bool(self._store.fact("paused"))
        if paused != self._paused:
            self._paused = paused
            self._decide_anew()

    def _decide_anew(self) -> None:
        self.choices.forget_all()
        self.upkeep.forget_all()

    def _reap(self) -> None:
        for name in self.workers.reap():
            self._has_changed(name)

    def _has_changed(self, client: str) -> None:
        self._histories = None
        self.choices.forget(client)
        self.upkeep.forget(client)

    def _look_after_containers(self) -> None:
        try:
            for name in self._adoption.sweep(self._configuration.appliance):
                self._has_changed(name)
        except EngineError as error:
            if self._engine_trouble != str(error):
                _LOG.warning("%s", error)
            self._engine_trouble = str(error)
        else:
            if self._engine_trouble != "":
                self._tell("engine_version", self._engine_version())
            self._engine_trouble = ""
        self._tell("docker", self._engine_trouble or "up")

    def _keep_gateway(self, now: datetime) -> None:
        appliance = self._configuration.appliance
        if appliance is not None:
            there = None if self._engine_trouble else self._adoption.gateways
            self._gateway.keep(appliance, there, now, busy=self.workers.machines(), carrying=self._adoption.carrying)
            self._tell("gateway", self._gateway.trouble)

    def _look_at_tunnels(self, now: datetime) -> None:
        appliance = self._configuration.appliance
        if appliance is not None:
            self._dial_in.look(appliance, now)
            self._tell("tunnels", json.dumps(self._gateway.tell(appliance)))

    def _launch(self, now: datetime) -> None:
        appliance = self._configuration.appliance
        if self.closing.is_set():
            return
        self._look_at_pause()
        asked = self.inbox.runs_asked_for(appliance, self.workers, self._engine_trouble or "")
        if appliance is None or self._engine_trouble:
            return
        if self._histories is None:
            self._histories = self._desk.journal.last_runs()
        busy = tuple(client.name for client in appliance.clients if client.name in self.workers)
        scheduled = self.choices.due(appliance, self._histories, now=now, paused=self._paused, busy=busy)
        ready = (due for due in scheduled if self._readiness.is_ready(appliance, due.client, self._histories, now))
        wishes = {due.client: due for due in (*ready, *(due for due, _ in asked.values()))}
        startable, ended = self._dial_in.part(appliance, wishes.values(), asked, self._histories, now)
        awaiting = {*wishes, *(due.client for due in scheduled)}
        upkeep = self.upkeep.due(
            appliance, self._histories, now=now, paused=self._paused, busy={*busy, *asked}, awaiting=awaiting
        )
        slots = appliance.settings.max_parallel
        chosen = choose(
            (*startable, *upkeep),
            slots - len(self.workers),
            callbacks(appliance),
            busy,
            free_for_upkeep=share(slots) - self.workers.upkeep,
        )
        for due, verdict in (*ended, *((due, None) for due in chosen)):
            # To decide for a thousand clients takes a while, in which somebody may say so.
            self._look_at_pause()
            if self._paused and due.client not in asked:
                continue
            self._launch_one(appliance, due, asked[due.client][1] if due.client in asked else None, now, verdict)

    def _launch_one(
        self, appliance: Appliance, due: Due, request: Request | None, now: datetime, verdict: Verdict | None
    ) -> None:
        client = appliance.client(due.client)
        if client is None:
            return
        record = RunRecord(
            run_id=f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}",
            client=client.name,
            operation=request.operation if request else due.operation,
            trigger=due.trigger if request is None else Trigger.OPERATOR,
            method=client.method,
            started=now,
            restore=request.restore if request else None,
        )
        _LOG.info("starting %s: %s", record.operation, due.reason, extra=about(record))
        watch = watch_for(record, container_name(appliance.settings.name, client.name), appliance)
        destination = appliance.client(record.restore.destination) if record.restore else None
        order = Order(
            client=client,
            settings=appliance.settings,
            owner=appliance.owner,
            appliance_id=self._appliance_id,
            watch=watch,
            accept_shrink=request is not None and request.accept_shrink,
            tunnel_port=self._gateway.port((destination or client).name),
            verdict=verdict,
            destination=destination,
        )
        # The journal first, then the answer: a crash in between repeats the request, but never the run.
        self._desk.journal.begin(record)
        if request is not None:
            self._store.answer(request.request_id, run_id=record.run_id)
        if verdict is None:
            self._alarms.run_started(appliance, record)
            self.choices.launched(client.name, now)
            self.upkeep.launched(client.name, record.operation, now)
        else:
            # Nothing is started: when its tunnel comes up it need not wait as if something had been.
            self.choices.forget(client.name)
        self.workers.start(watch, lambda: run(self._desk, order))

    def _tell(self, key: str, value: str) -> None:
        if self._told.get(key) != value:
            self._store.set_fact(key, value)
            self._told[key] = value


def identity(facts: Facts) -> str:
    """Return the appliance's own id, made at its very first start."""
    found = facts.fact("appliance_id")
    if not found:
        found = str(uuid4())
        facts.set_fact("appliance_id", found)
    return found
