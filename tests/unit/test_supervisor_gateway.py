"""The gateway's container follows the configuration, and its tunnels decide when a client that dials in is run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING

import pytest

from appliance.errors import EngineError
from appliance.plan import places
from appliance.plan.container import container_spec
from appliance.plan.make import plan_run
from appliance.plan.operations import BY_HAND
from appliance.plan.tunnel_report import TunnelReport
from appliance.record import Operation, Outcome, Reason, RequestKind, RestoreOrder, Way
from appliance.run import Watch
from appliance.supervisor.workers import Workers
from tests.fakes import Script
from tests.house import record
from tests.supervised import World, hanging, success, until
from tests.tunnels import KEY, calling_back, dialling

if TYPE_CHECKING:
    from appliance.ports import ContainerSpec
    from appliance.supervisor import Supervisor

GATEWAY = "borgpull-gateway"
DAILY = 'schedule = "30 2 * * *"\nmax_age = "36h"'


def play(spec: ContainerSpec) -> Script:
    return Script(hangs=True) if places.LABEL_GATEWAY in spec.labels else success(spec)


def hold(spec: ContainerSpec) -> Script:
    return Script(hangs=True) if places.LABEL_GATEWAY in spec.labels else hanging(spec)


def hold_all(_spec: ContainerSpec) -> Script:
    return Script(hangs=True)


class Remote(World):
    """A world of clients that dial in, each with a port and a key."""

    def __init__(self, *names: str, more: str = DAILY) -> None:
        super().__init__(dialling(*names, more=more), play)
        for index, name in enumerate(names):
            self.tunnels.register(name, KEY if index == 0 else "")

    def dial(self, *ports: int) -> None:
        """Let the gateway report these ports as open from now on."""
        self.tunnels.said = TunnelReport(time=self.clock.now(), ports=frozenset(ports))

    def ticked(self, supervisor: Supervisor, *ports: int, seconds: float = 6) -> None:
        """Let time pass and tick, with these tunnels up."""
        self.clock.advance(timedelta(seconds=seconds))
        self.dial(*ports)
        supervisor.tick()

    def reconfigure(self, *names: str, more: str = DAILY, settings: str = 'gateway = "nas.lan:2222"') -> None:
        self.appliance = dialling(*names, more=more, settings=settings)
        self.version += 1

    def gateways(self) -> list[ContainerSpec]:
        return [spec for spec in self.engine.started if places.LABEL_GATEWAY in spec.labels]

    def fact(self, key: str) -> str:
        return self.journal.fact(key) or ""

    def ended(self) -> list[tuple[Outcome | None, Reason | None]]:
        return [(run.outcome, run.reason) for run in self.runs()]

    def settled(self, supervisor: Supervisor, *ports: int, runs: int) -> None:
        """Tick until so many runs have ended."""

        def done() -> bool:
            self.ticked(supervisor, *ports, seconds=1)
            return len(self.ended()) == runs and not self.journal.unfinished() and not len(supervisor.workers)

        until(done)


@pytest.fixture
def world() -> Remote:
    return Remote("web1")


def test_the_gateway_runs_while_somebody_dials_in_and_goes_with_the_last(world: Remote) -> None:
    supervisor = world.supervisor()
    supervisor.tick()
    assert world.left() == [GATEWAY]
    assert world.tunnels.door is not None
    assert "localhost:22001" in world.tunnels.door

    world.ticked(supervisor)
    assert len(world.gateways()) == 1
    world.reconfigure()
    world.ticked(supervisor)

    assert world.left() == []


def test_without_clients_that_dial_in_nothing_is_started_and_no_door_is_made() -> None:
    world = Remote()
    world.supervisor().tick()

    assert world.left() == []
    assert world.tunnels.door is None


def test_a_disabled_client_loses_its_way_in_and_the_gateway_stays_for_the_others() -> None:
    world = Remote("web1", "web2")
    supervisor = world.supervisor()
    supervisor.tick()

    world.reconfigure("web2")
    world.ticked(supervisor)

    assert world.tunnels.door == ""
    assert len(world.gateways()) == 1


def test_the_next_supervisor_keeps_the_gateway_of_the_last(world: Remote) -> None:
    world.supervisor().tick()
    second = world.supervisor()
    second.tick()
    world.ticked(second)

    assert len(world.gateways()) == 1
    assert world.left() == [GATEWAY]
    assert world.ended() == []


def test_a_gateway_that_died_is_started_again_after_a_pause_that_grows(world: Remote) -> None:
    supervisor = world.supervisor()
    supervisor.tick()
    pauses = []
    for _ in range(3):
        world.engine.end(GATEWAY, 1)
        began, count = world.clock.now(), len(world.gateways())
        while len(world.gateways()) == count:
            world.ticked(supervisor, seconds=5)
            assert world.clock.now() - began < timedelta(minutes=3)
        pauses.append(world.clock.now() - began)

    assert pauses == sorted(pauses)
    assert pauses[0] <= timedelta(seconds=15) < pauses[2]


def test_the_tunnels_of_a_gateway_that_died_are_down_until_the_next_one_says_otherwise(world: Remote) -> None:
    supervisor = world.supervisor()
    supervisor.tick()
    world.ticked(supervisor, 22001)
    assert json.loads(world.fact("tunnels")) == {"web1": "up"}

    world.engine.end(GATEWAY, 137)
    world.clock.advance(timedelta(seconds=6))
    supervisor.tick()

    assert json.loads(world.fact("tunnels")) == {"web1": "down"}
    while len(world.gateways()) == 1:
        world.clock.advance(timedelta(seconds=1))
        supervisor.tick()
    assert json.loads(world.fact("tunnels")) == {"web1": "down"}
    world.ticked(supervisor, 22001)
    assert json.loads(world.fact("tunnels")) == {"web1": "up"}


def test_a_gateway_that_died_is_said_with_its_last_words(world: Remote) -> None:
    world.engine.play = lambda _spec: Script(errors=("Bind to port 2022 failed.",), exit_code=255)
    supervisor = world.supervisor()
    supervisor.tick()
    world.ticked(supervisor)

    assert world.fact("gateway") == (
        "the gateway ended by itself (exit code 255); the last it said: Bind to port 2022 failed."
    )


@pytest.mark.parametrize("settings", ['gateway = "nas.lan:2223"', 'gateway = "nas.lan:2222"\nnetwork = "other"'])
def test_other_settings_replace_the_gateway(world: Remote, settings: str) -> None:
    supervisor = world.supervisor()
    supervisor.tick()

    world.reconfigure("web1", settings=settings)
    world.ticked(supervisor)

    assert len(world.gateways()) == 2
    assert world.left() == [GATEWAY]


def test_another_image_replaces_the_gateway_but_not_under_a_run_that_goes_through_it(world: Remote) -> None:
    world.engine.play = hold
    supervisor = world.supervisor()
    supervisor.tick()
    world.ticked(supervisor, 22001)
    until(lambda: "borgpull-web1" in world.left())

    world.image = "sha256:second"
    world.ticked(supervisor, 22001)
    assert len(world.gateways()) == 1
    world.engine.end("borgpull-web1")
    world.settled(supervisor, 22001, runs=1)
    world.ticked(supervisor, 22001)

    assert len(world.gateways()) == 2


def test_the_gateway_is_not_replaced_under_what_an_operator_does_through_it(world: Remote) -> None:
    supervisor = world.supervisor()
    supervisor.tick()
    (client,) = world.appliance.clients
    us = world.fact("appliance_id")
    plan = plan_run(client, BY_HAND, run_id="by-hand-1", now=world.clock.now(), appliance_id=us, tunnel_port=22001)
    world.engine.play = hold_all
    world.engine.start(container_spec(client, plan, world.appliance.settings))

    world.image = "sha256:second"
    world.ticked(supervisor)
    assert len(world.gateways()) == 1
    world.engine.end("borgpull-web1")
    world.ticked(supervisor)

    assert len(world.gateways()) == 2


def test_a_restore_onto_another_client_reaches_the_machine_of_that_one(world: Remote) -> None:
    over = Event()
    workers = Workers(world.desk(over))
    order = RestoreOrder(archive="db1-2026-11-22T12:00:00", way=Way.NUMERIC, target="/back", destination="web1")
    restored = replace(record(), client="db1", operation=Operation.RESTORE, restore=order)
    for run in (restored, replace(record(), client="db2")):
        watch = Watch(record=run, container=run.client, deadline=world.clock.now())
        workers.start(watch, lambda: record() if over.wait(60) else None)

    assert workers.machines() == {"web1", "db2"}
    over.set()


def test_what_is_due_at_an_upgrade_waits_for_the_tunnel_through_the_new_gateway(world: Remote) -> None:
    supervisor = world.supervisor()
    supervisor.tick()
    world.settled(supervisor, 22001, runs=1)

    world.image = "sha256:second"
    world.ticked(supervisor, 22001, seconds=86400)
    assert len(world.gateways()) == 2
    assert json.loads(world.fact("tunnels")) == {"web1": "down"}
    world.settled(supervisor, 22001, runs=3)
    assert world.ended()[1:] == [(Outcome.SKIPPED, Reason.OFFLINE), (Outcome.SUCCESS, None)]


def test_what_a_gateway_says_while_it_is_removed_counts_no_more(world: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = world.supervisor()
    supervisor.tick()
    world.settled(supervisor, 22001, runs=1)
    remove = world.engine.remove

    def remove_slowly(name: str) -> None:
        world.clock.advance(timedelta(seconds=4))
        world.dial(22001)
        remove(name)

    monkeypatch.setattr(world.engine, "remove", remove_slowly)
    world.image = "sha256:second"
    world.ticked(supervisor, 22001)
    supervisor.tick()

    assert len(world.gateways()) == 2
    assert json.loads(world.fact("tunnels")) == {"web1": "down"}


def test_the_gateway_of_an_appliance_that_had_another_name_is_removed(world: Remote) -> None:
    supervisor = world.supervisor()
    supervisor.tick()

    world.reconfigure("web1", settings='name = "house"\ngateway = "nas.lan:2222"')
    world.ticked(supervisor)

    assert world.left() == ["house-gateway"]


def test_a_taken_port_is_a_sentence_and_tried_again(world: Remote) -> None:
    taken = "cannot start it: driver failed: Bind for 0.0.0.0:2222 failed: port is already allocated"

    def refuse(_spec: ContainerSpec) -> Script:
        raise EngineError(taken)

    world.engine.play = refuse
    supervisor = world.supervisor()
    supervisor.tick()
    world.ticked(supervisor, seconds=1)
    world.ticked(supervisor)
    assert "port 2222 of the Docker host is taken; free it" in world.fact("gateway")

    world.engine.play = play
    for _ in range(5):
        world.ticked(supervisor)

    assert world.left() == [GATEWAY]
    assert world.fact("gateway") == ""


def test_a_container_of_that_name_which_is_not_ours_is_left_alone(world: Remote) -> None:
    first = world.supervisor()
    first.tick()
    world.journal.set_fact("appliance_id", "somebody-else")
    second = world.supervisor()
    second.tick()

    assert "it is not the gateway of this appliance" in world.fact("gateway")
    assert len(world.gateways()) == 1


def test_files_that_cannot_be_told_apart_leave_the_door_as_it_was(world: Remote) -> None:
    supervisor = world.supervisor()
    supervisor.tick()
    before = world.tunnels.door

    world.tunnels.trouble = "the tunnels of a and b have the same port"
    world.ticked(supervisor, 22001)

    assert world.fact("gateway") == "the tunnels of a and b have the same port"
    assert world.tunnels.door == before
    world.tunnels.trouble = ""
    world.ticked(supervisor, 22001)
    assert world.fact("gateway") == ""


def test_the_state_of_each_tunnel_is_told_within_a_tick() -> None:
    world = Remote("web1", "web2", more=f"{DAILY}\nenabled = true")
    world.journal.set_fact("paused", world.clock.now().isoformat())
    supervisor = world.supervisor()
    supervisor.tick()
    assert json.loads(world.fact("tunnels")) == {"web1": "down", "web2": "down"}

    world.ticked(supervisor, 22002, seconds=1)
    assert json.loads(world.fact("tunnels")) == {"web1": "down", "web2": "up"}
    world.clock.advance(timedelta(seconds=16))
    supervisor.tick()

    assert json.loads(world.fact("tunnels")) == {"web1": "down", "web2": "down"}


def test_a_new_client_waits_for_its_tunnel_and_is_run_when_it_comes_up(world: Remote) -> None:
    supervisor = world.supervisor()
    supervisor.tick()
    world.ticked(supervisor)
    assert "The tunnel of web1 is not up" in json.loads(world.fact("waiting"))["web1"]
    assert world.ended() == []

    world.ticked(supervisor, 22001, seconds=1)
    until(lambda: len(world.engine.started) == 2)
    world.settled(supervisor, 22001, runs=1)

    assert world.ended() == [(Outcome.SUCCESS, None)]
    assert world.volumes.plans[0].port == 22001
    world.ticked(supervisor, 22001)
    assert "web1" not in json.loads(world.fact("waiting"))


def test_what_an_operator_asks_for_is_skipped_at_once_even_without_a_free_slot() -> None:
    world = Remote("web1", "web2")
    world.engine.play = hold
    world.reconfigure("web1", "web2", settings='gateway = "nas.lan:2222"\nmax_parallel = 1')
    supervisor = world.supervisor()
    supervisor.tick()
    world.ticked(supervisor, 22001)
    until(lambda: "borgpull-web1" in world.left())
    request = world.journal.ask(RequestKind.RUN, "web2", Operation.CREATE)

    world.ticked(supervisor, 22001, seconds=1)
    until(lambda: len(world.journal.unfinished()) == 1)

    found = world.journal.request(request)
    assert found is not None
    run = world.journal.run(found.run_id)
    assert run is not None
    assert (run.outcome, run.reason) == (Outcome.SKIPPED, Reason.OFFLINE)
    world.engine.end("borgpull-web1")
    world.settled(supervisor, 22001, runs=2)


def test_a_scheduled_run_is_skipped_once_fails_when_too_old_and_starts_with_the_tunnel(world: Remote) -> None:
    supervisor = world.supervisor()
    supervisor.tick()
    world.settled(supervisor, 22001, runs=1)

    def is_idle() -> bool:
        supervisor.tick()
        return not len(supervisor.workers)

    def away_for(time: timedelta) -> None:
        until_then = world.clock.now() + time
        while world.clock.now() < until_then:
            world.ticked(supervisor, seconds=600)
            until(is_idle)

    away_for(timedelta(hours=30))
    assert world.ended()[1:] == [(Outcome.SKIPPED, Reason.OFFLINE)]
    away_for(timedelta(hours=12))
    assert world.ended()[2:] == [(Outcome.FAILED, Reason.UNREACHABLE)]
    away_for(timedelta(hours=24))
    assert world.ended()[3:] == [(Outcome.FAILED, Reason.UNREACHABLE)]
    came = world.clock.now()

    world.settled(supervisor, 22001, runs=5)

    assert world.ended()[4] == (Outcome.SUCCESS, None)
    assert world.clock.now() - came < timedelta(minutes=1)


def test_clients_that_call_back_at_one_port_take_turns() -> None:
    world = World(calling_back(db1=2222, db2=2222, db3=2223), hanging)
    world.appliance = world.appliance.model_copy(
        update={"settings": world.appliance.settings.model_copy(update={"max_parallel": 3})}
    )
    supervisor = world.supervisor()
    supervisor.tick()
    until(lambda: len(world.left()) == 2)
    assert sorted(world.left()) == ["borgpull-db1", "borgpull-db3"]

    world.engine.end("borgpull-db1")

    def second_runs() -> bool:
        world.clock.advance(timedelta(seconds=6))
        supervisor.tick()
        return "borgpull-db2" in world.left()

    until(second_runs)
    for name in world.left():
        world.engine.end(name)
    world.settle(supervisor)
