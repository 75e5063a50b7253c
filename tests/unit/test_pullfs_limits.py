"""A client's server is asked how many files it can have open; what it says is used within bounds, and not relied on."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pull.pullfs import limits
from appliance.pull.pullfs.conversation import Conversation
from appliance.pull.sftp.packets import Attributes
from appliance.pull.sftp.replies import FAILED, UNSUPPORTED, Reply
from tests.pullfs import ClientFile, World

if TYPE_CHECKING:
    from appliance.pull.sftp.packets import Request

FILES = 3000
HELLO = struct.pack(">IBI", 5 + 26, 2, 3) + struct.pack(">I18sI", 18, b"limits@openssh.com", 0)


def said(handles: int) -> Reply:
    """What OpenSSH says, with that many handles."""
    return Reply(data=struct.pack(">4Q", 262_144, 261_120, 261_120, handles))


def asked(reply: Reply | None) -> World:
    """A client that replies so, or never, and from which files are fetched as when a mount begins."""
    world = World({b"/f%04d" % number: ClientFile(b"x") for number in range(FILES)})
    world.client.tells_limits, world.client.limits = True, reply
    limits.ask(world.client, world.fetching.may_open)
    world.fetching.go_ahead()
    return world


def trips(world: World) -> int:
    """Settle by round trips, and return how many that took."""
    count = 0
    while world.client.queue:
        count += 1
        for _ in range(len(world.client.queue)):
            world.client.step()
    return count


def test_only_a_server_that_names_the_extension_is_asked() -> None:
    heard: list[int] = []
    world = World({})
    limits.ask(world.client, heard.append)
    assert not world.client.queue

    world.client.tells_limits, world.client.limits = True, said(1019)
    limits.ask(world.client, heard.append)
    world.settle()
    assert (world.client.asked_limits, heard) == (1, [969])


def test_files_are_asked_for_before_the_server_has_said_how_many_it_can_open() -> None:
    world = asked(said(1019))
    assert [request.kind for request, _ in world.client.queue] == [200, *[3] * 200]


def test_more_are_opened_at_once_where_the_server_says_that_it_can_and_round_trips_are_fewer() -> None:
    world = asked(said(1019))
    taken = trips(world)
    assert len(world.client.opened) == FILES
    assert 900 < world.client.most_handles <= 969
    assert taken <= 3 + FILES / (969 - 32)


@pytest.mark.parametrize(
    ("handles", "open_files"),
    [
        pytest.param(0, 200, id="it does not say"),
        pytest.param(1, 32, id="next to none"),
        pytest.param(60, 32, id="few"),
        pytest.param(100, 50, id="less than what is usual"),
        pytest.param(251, 201, id="as a Mac"),
        pytest.param(1019, 969, id="as Linux"),
        pytest.param(65_531, 1000, id="many"),
        pytest.param(2**64 - 1, 1000, id="without an end"),
    ],
)
def test_what_a_server_says_is_taken_within_bounds(handles: int, open_files: int) -> None:
    heard: list[int] = []
    world = World({})
    world.client.tells_limits, world.client.limits = True, said(handles)
    limits.ask(world.client, heard.append)
    world.settle()
    assert heard == [open_files]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(None, id="no reply"),
        pytest.param(Reply(code=UNSUPPORTED), id="not known after all"),
        pytest.param(Reply(code=FAILED), id="refused"),
        pytest.param(Reply(), id="a status that says yes"),
        pytest.param(Reply(data=said(1019).data[:-1]), id="cut off"),
        pytest.param(Reply(handle=b"x" * 32), id="a handle"),
        pytest.param(Reply(attributes=Attributes(size=1019)), id="attributes"),
        pytest.param(said(0), id="no limit stated"),
    ],
)
def test_where_nothing_is_said_that_helps_all_goes_on_as_without_it(reply: Reply | None) -> None:
    world = asked(reply)
    world.settle()
    assert len(world.client.opened) == FILES
    assert 150 < world.client.most_handles <= 200
    assert not world.fetching.is_awaited()
    assert world.read_whole(b"/f0000") == b"x"


def test_a_liar_that_refuses_more_open_files_fails_in_those_alone() -> None:
    world = asked(said(2**64 - 1))
    answer = world.client._answer

    def few(request: Request) -> Reply | None:
        return Reply(code=FAILED) if request.kind == 3 and len(world.client.handles) >= 300 else answer(request)

    world.client._answer = few  # type: ignore[method-assign]
    for _ in range(1 + 200 + 800):
        world.client.step()
    world.settle()

    assert len(world.client.opened) < FILES
    assert world.read_whole(b"/f0000") == b"x"
    last = world.read(b"/f%04d" % (FILES - 1))
    world.settle()
    assert last in {**world.kernel.given, **world.kernel.refused}


@given(st.binary(max_size=80))
def test_whatever_it_says_the_bounds_hold(data: bytes) -> None:
    heard: list[int] = []
    world = World({})
    world.client.tells_limits, world.client.limits = True, Reply(data=data)
    limits.ask(world.client, heard.append)
    world.settle()
    assert len(heard) == 1
    assert 32 <= heard[0] <= 1000


def test_the_packets_are_those_of_openssh() -> None:
    requests, into = os.pipe()
    out, replies = os.pipe()
    client, heard = Conversation(out=out, into=into), list[int]()
    os.write(replies, HELLO)
    client.receive()
    limits.ask(client, heard.append)
    client.send()
    os.write(replies, struct.pack(">IBI4Q", 37, 201, 1, 262_144, 261_120, 261_120, 1019))
    client.receive()

    assert os.read(requests, 100)[9:] == struct.pack(">IBII18s", 27, 200, 1, 18, b"limits@openssh.com")
    assert heard == [969]
    for end in (requests, into, out, replies):
        os.close(end)
