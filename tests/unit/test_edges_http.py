"""What the HTTP door answers, and what it refuses."""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from appliance.edges.http import MOST_CONNECTIONS, HttpServer
from appliance.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Door:
    """A running server and a way to knock."""

    def __init__(self, listen: str = "127.0.0.1:0") -> None:
        self.trouble = ""
        self.server = HttpServer(listen, lambda: b"borgpull_example 3.0\n", lambda: self.trouble)
        self.server.start()

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.server.stop()


def test_metrics_are_what_was_given(door: Door) -> None:
    assert door.ask("/metrics") == (200, "borgpull_example 3.0\n")


def test_healthz_tells_the_trouble_with_503(door: Door) -> None:
    assert door.ask("/healthz") == (200, '{"status": "ok"}')

    door.trouble = "the loop hangs"

    status, text = door.ask("/healthz")
    assert (status, json.loads(text)) == (503, {"status": "unhealthy", "reason": "the loop hangs"})


def test_every_address_of_ipv6_is_served_and_those_of_ipv4_with_it() -> None:
    door = Door("[::]:0")
    try:
        assert door.ask("/metrics") == (200, "borgpull_example 3.0\n")
    finally:
        door.server.stop()


def test_there_is_nothing_else(door: Door) -> None:
    assert door.ask("/")[0] == 404
    assert door.ask("/metrics", "POST")[0] == 501


def test_idle_connections_cannot_use_up_the_threads_for_ever(door: Door) -> None:
    idle = [socket.create_connection(("127.0.0.1", door.server.port)) for _ in range(MOST_CONNECTIONS + 4)]
    try:
        # The surplus is hung up on at once, and says nothing.
        assert [connection.recv(1) for connection in idle[MOST_CONNECTIONS:]] == [b""] * 4
    finally:
        for connection in idle:
            connection.close()


def test_a_taken_port_is_a_sentence_that_names_the_key(door: Door) -> None:
    with pytest.raises(StateError, match=r"Address already in use; set `listen` under \[appliance\]"):
        HttpServer(f"127.0.0.1:{door.server.port}", bytes, str)


@pytest.mark.parametrize("listen", ["nonsense", "127.0.0.1:port", "127.0.0.1:99999"])
def test_an_impossible_address_is_a_sentence(listen: str) -> None:
    with pytest.raises(StateError, match=f"cannot be served on {listen}"):
        HttpServer(listen, bytes, str)
