"""Waking a client: the packet, the container that sends it, and what becomes of a run around it."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from appliance.plan.container import container_spec
from appliance.plan.make import plan_run
from appliance.plan.wake import WAKE, magic_packet
from appliance.pull import wake as sender
from appliance.record import Operation, Outcome
from appliance.run import Order, Watch, run
from tests.clients import problems_of, written
from tests.fakes import Script
from tests.house import NOON, house, one, record
from tests.supervised import FINE, World, success, until

MAC = "aa:bb:cc:dd:ee:ff"
SLEEPER = house("web1", wake=f'"{MAC}"', wake_via='"192.168.1.255"', wake_timeout='"2m"')


def carried_out(world: World, operation: Operation = Operation.CREATE) -> Outcome | None:
    begun = replace(record(None, run_id="new"), operation=operation)
    world.journal.begin(begun)
    watch = Watch(record=begun, container="borgpull-web1", deadline=NOON + timedelta(days=1))
    order = Order(client=world.appliance.clients[0], settings=world.appliance.settings, appliance_id="us", watch=watch)
    ended = run(world.desk(threading.Event()), order)
    assert ended is not None
    return ended.outcome


def test_the_packet_is_ones_and_the_address_sixteen_times() -> None:
    assert magic_packet(MAC) == b"\xff" * 6 + b"\xaa\xbb\xcc\xdd\xee\xff" * 16


def test_a_sleeper_is_woken_from_the_hosts_network_by_a_container_that_can_do_nothing_else() -> None:
    world = World(SLEEPER)

    assert carried_out(world) is Outcome.SUCCESS

    wake, pull = world.engine.started
    assert wake.command == (WAKE, MAC, "192.168.1.255")
    assert (wake.network, wake.mounts, wake.capabilities, wake.privileged) == ("host", (), (), False)
    assert wake.user == "1000:1000"
    assert pull.command == ("pull",)
    assert world.volumes.plans[0].patience == 120
    assert world.engine.inspect(wake.name) is None


def test_what_needs_no_client_wakes_none_and_others_are_not_waited_for() -> None:
    world = World(SLEEPER)
    world.volumes.ground = replace(FINE, has_repository=True)
    carried_out(world, Operation.PRUNE)
    assert all(spec.command != (WAKE, MAC, "192.168.1.255") for spec in world.engine.started)

    plan = plan_run(one(), Operation.CREATE, run_id="r", now=NOON, appliance_id="us")
    assert plan.patience == 0
    assert container_spec(one(), plan, SLEEPER.settings).network == "bridge"


def test_a_packet_that_cannot_be_sent_is_a_warning_and_the_run_goes_on() -> None:
    def refused(spec: object) -> Script:
        command = getattr(spec, "command", ())
        return Script(errors=("no such network",), exit_code=3) if WAKE in command else success(spec)  # type: ignore[arg-type]

    world = World(SLEEPER, play=refused)

    assert carried_out(world) is Outcome.SUCCESS
    assert "the packet that wakes web1 was not sent: no such network" in [note.message for _, note in world.notes]


def test_a_packet_left_by_a_crash_is_tidied_up_and_adopted_by_nobody() -> None:
    world = World(SLEEPER)
    supervisor = world.supervisor()
    world.settle(supervisor)
    wake = replace(world.engine.started[0], labels={**world.engine.started[0].labels})
    world.engine.start(wake)
    runs = len(world.runs())

    supervisor.tick()
    world.clock.advance(timedelta(minutes=2))

    def is_gone() -> bool:
        supervisor.tick()
        world.clock.advance(timedelta(seconds=6))
        return world.engine.inspect(wake.name) is None

    until(is_gone)
    assert len(world.runs()) == runs


@pytest.mark.parametrize("reach", ["jump", "dial-in"])
def test_who_is_behind_others_cannot_be_woken(reach: str) -> None:
    text = '[appliance]\ngateway = "nas.lan:2200"\n' + written("sshfs", reach, f'wake = "{MAC}"')

    (problem,) = problems_of(text)

    assert f'cannot have wake with reach = "{reach}"' in problem


def test_a_wait_that_would_count_as_a_stall_is_refused() -> None:
    (problem,) = problems_of(written("sshfs", extra=f'wake = "{MAC}"\nwake_timeout = "30m"'))

    assert "not shorter than its stall_timeout" in problem


@pytest.mark.parametrize("text", ["aa:bb:cc", "aa:bb:cc:dd:ee:gg", ""])
def test_what_is_no_mac_address_is_said(text: str) -> None:
    (problem,) = problems_of(written("sshfs", extra=f'wake = "{text}"'))

    assert "is not a MAC address" in problem


@pytest.mark.parametrize("text", ["AA-BB-CC-DD-EE-FF", "aabb.ccdd.eeff", "aabbccddeeff"])
def test_each_way_to_write_a_mac_address_is_the_same(text: str) -> None:
    assert house("web1", wake=f'"{text}"').clients[0].wake == MAC  # type: ignore[union-attr]  # it is a machine


def test_three_packets_are_sent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)

        assert sender.send(MAC, "127.0.0.1", listener.getsockname()[1]) == 0

        assert [listener.recv(200) for _ in range(3)] == [magic_packet(MAC)] * 3


def test_an_address_that_cannot_be_reached_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert sender.send(MAC, "0.0.0.256") == 3
    assert "set `wake_via` to the broadcast address" in capsys.readouterr().err
