"""The control connection through other machines, against servers that speak ssh: who is logged in, and who is named."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import paramiko
import pytest

from appliance.plan.places import host_key_alias
from appliance.pull.failure import Failure
from appliance.pull.hops import at_the_last
from appliance.pull.login import Stop
from appliance.record import Reason
from tests.ssh_server import SshServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OUR_KEY = paramiko.RSAKey.generate(2048)
STRANGER = paramiko.ECDSAKey.generate()


@dataclass
class Way:
    """Two machines and the client behind them, each pinned, each with our key."""

    servers: list[SshServer]
    stops: list[Stop]


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    key, known_hosts = tmp_path / "key", tmp_path / "known_hosts"
    OUR_KEY.write_private_key_file(str(key))
    with ExitStack() as stack:
        servers = [stack.enter_context(SshServer(admitted=OUR_KEY).running()) for _ in range(3)]
        hops = (1, 2, 0)
        known_hosts.write_text(
            "".join(
                f"{host_key_alias('web1', hop)} {server.host_key.get_name()} {server.host_key.get_base64()}\n"
                for hop, server in zip(hops, servers, strict=True)
            ),
            encoding="utf-8",
        )
        stops = [
            Stop(
                client="web1",
                hop=hop,
                host="127.0.0.1",
                port=server.port,
                user=f"user{hop}",
                patience_seconds=10,
                key=str(key),
                known_hosts=str(known_hosts),
            )
            for hop, server in zip(hops, servers, strict=True)
        ]
        yield Way(servers, stops)


def failure(way: Way) -> Failure:
    with pytest.raises(Failure) as caught, at_the_last(way.stops):
        pass
    return caught.value


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_way_leads_through_every_machine_as_the_user_of_each(way: Way, number: int) -> None:
    with at_the_last(way.stops[:number]) as connection:
        assert connection.is_connected

    assert [set(server.users) for server in way.servers[:number]] == [{stop.user} for stop in way.stops[:number]]
    assert not any(server.users for server in way.servers[number:])


@pytest.mark.parametrize(("place", "named"), [(0, True), (1, True), (2, False)])
def test_the_machine_that_refuses_the_key_is_told(way: Way, place: int, *, named: bool) -> None:
    way.servers[place].admitted = STRANGER

    found = failure(way)

    assert found.reason is Reason.AUTH
    assert f":{way.servers[place].port} refuses the key for user {way.stops[place].user}" in found.message
    assert found.message.startswith("On the way to web1: ") is named
    assert ("--jump-lines" in found.message) is named


@pytest.mark.parametrize(("place", "named"), [(0, True), (1, True), (2, False)])
def test_the_machine_with_another_host_key_is_told_and_gets_no_login(way: Way, place: int, *, named: bool) -> None:
    way.servers[place].host_key = paramiko.ECDSAKey.generate()

    found = failure(way)

    assert found.reason is Reason.HOST_KEY
    assert way.servers[place].host_key.fingerprint in found.message
    assert found.message.startswith("On the way to web1: ") is named
    assert way.servers[place].users == []


def test_a_pin_of_the_client_does_not_make_a_machine_on_the_way_known(way: Way) -> None:
    way.servers[0].host_key = way.servers[2].host_key

    assert failure(way).reason is Reason.HOST_KEY


@pytest.mark.parametrize(("place", "named"), [(1, True), (2, False)])
def test_a_machine_that_does_not_answer_is_told_with_the_one_that_called(way: Way, place: int, *, named: bool) -> None:
    way.stops[place] = replace(way.stops[place], port=_port_of_nobody())

    found = failure(way)

    assert found.reason is Reason.UNREACHABLE
    assert f":{way.stops[place].port} cannot be reached from 127.0.0.1" in found.message
    assert found.message.startswith("On the way to web1: ") is named


def test_the_first_machine_that_does_not_answer_is_on_the_way(way: Way) -> None:
    way.stops[0] = replace(way.stops[0], port=_port_of_nobody())

    found = failure(way)

    assert found.reason is Reason.UNREACHABLE
    assert found.message.startswith("On the way to web1: 127.0.0.1:")


@pytest.mark.parametrize("place", [0, 1])
def test_a_machine_that_may_forward_nothing_is_told(way: Way, place: int) -> None:
    way.servers[place].forwards = False

    found = failure(way)

    assert found.reason is Reason.FORWARDING
    assert f":{way.stops[place].port} lets nobody through to 127.0.0.1:{way.stops[place + 1].port}" in found.message


def _port_of_nobody() -> int:
    with socket.create_server(("127.0.0.1", 0)) as briefly:
        port: int = briefly.getsockname()[1]
    return port
