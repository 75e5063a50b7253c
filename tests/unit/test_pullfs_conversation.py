"""SFTP without waiting: every reply finds who asked, and whatever is no SFTP ends the conversation."""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pull.pullfs.conversation import Conversation, LinkLostError
from appliance.pull.sftp import packets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.pull.sftp.replies import Reply

HELLO = struct.pack(">IBI", 5, 2, 3)


class Peer:
    """The pipes of an ssh, from both ends."""

    def __init__(self) -> None:
        self.requests, into = os.pipe()
        out, self.replies = os.pipe()
        self.conversation = Conversation(out=out, into=into)
        self._ends = [self.requests, into, out, self.replies]

    def says(self, data: bytes) -> None:
        os.write(self.replies, data)
        self.conversation.receive()

    def hangs_up(self) -> None:
        os.close(self.replies)
        self._ends.remove(self.replies)

    def close(self) -> None:
        for end in self._ends:
            os.close(end)


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def status(number: int, code: int = 0) -> bytes:
    return struct.pack(">IBII", 9, 101, number, code)


def test_pipes_that_the_kernel_makes_no_larger_are_used_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr("fcntl.fcntl", refuse)
    peer = Peer()
    peer.says(HELLO)
    assert peer.conversation.is_greeted
    peer.close()


def test_many_replies_are_heard_a_few_at_a_time_and_all_of_them_in_order(peer: Peer) -> None:
    heard: list[int] = []
    peer.says(HELLO)
    for number in range(100):
        peer.conversation.post(packets.close(b""), lambda _, number=number: heard.append(number))  # type: ignore[misc]
    os.write(peer.replies, b"".join(status(number) for number in range(1, 101)))
    peer.conversation.receive(at_once=30)
    portions = [len(heard)]
    while peer.conversation.has_unheard:
        peer.conversation.hear(at_once=30)
        portions.append(len(heard))
    assert heard == list(range(100))
    assert portions == [30, 60, 90, 100]


def test_whoever_sets_no_bound_hears_all_that_has_come(peer: Peer) -> None:
    heard: list[int] = []
    peer.says(HELLO)
    for number in range(100):
        peer.conversation.post(packets.close(b""), lambda _, number=number: heard.append(number))  # type: ignore[misc]
    peer.says(b"".join(status(number) for number in range(1, 101)))
    assert heard == list(range(100))
    assert not peer.conversation.has_unheard


def test_replies_find_who_asked_in_whatever_order_and_portions_they_come(peer: Peer) -> None:
    heard: list[str] = []
    peer.says(HELLO)
    peer.conversation.post(packets.close(b"a"), lambda _: heard.append("first"))
    peer.conversation.post(packets.close(b"b"), lambda _: heard.append("second"))
    both = status(2) + status(1)
    for place in range(len(both)):
        peer.says(both[place : place + 1])
    assert heard == ["second", "first"]
    assert peer.conversation.under_way == 0


def test_a_greeting_comes_first(peer: Peer) -> None:
    assert not peer.conversation.is_greeted
    peer.says(HELLO)
    assert peer.conversation.is_greeted


@pytest.mark.parametrize(
    ("extensions", "tells"),
    [
        pytest.param((), False, id="none"),
        pytest.param((b"statvfs@openssh.com", b"2", b"limits@openssh.com", b"1"), True, id="among others"),
        pytest.param((b"statvfs@openssh.com", b"limits@openssh.com"), False, id="a version of that name"),
    ],
)
def test_whether_it_tells_its_limits_is_known_by_its_greeting(
    peer: Peer, extensions: tuple[bytes, ...], *, tells: bool
) -> None:
    texts = b"".join(struct.pack(">I", len(text)) + text for text in extensions)
    peer.says(struct.pack(">IBI", 5 + len(texts), 2, 3) + texts)
    assert peer.conversation.tells_limits is tells


@pytest.mark.parametrize("portion", [1, 7, 100])
def test_what_a_login_shell_prints_first_is_passed_over(peer: Peer, portion: int) -> None:
    said = b"welcome to this machine\n" + HELLO
    for place in range(0, len(said), portion):
        peer.says(said[place : place + portion])
    assert peer.conversation.is_greeted


def test_a_greeting_without_end_is_no_sftp(peer: Peer) -> None:
    for _ in range(3):
        peer.says(b"x" * 20_000)

    with pytest.raises(LinkLostError, match="not SFTP"):
        peer.says(b"x" * 20_000)


def test_requests_go_out_as_fast_as_the_pipe_takes_them(peer: Peer) -> None:
    for _ in range(40):
        peer.conversation.post(packets.look_at(b"/" + b"x" * 65_000))
    peer.conversation.send()
    sent = 0
    while peer.conversation.has_unsent:
        sent += len(os.read(peer.requests, 1 << 20))
        peer.conversation.send()
    assert sent > 1 << 20


def test_a_closed_session_is_a_lost_link(peer: Peer) -> None:
    peer.hangs_up()
    with pytest.raises(LinkLostError):
        peer.conversation.receive()


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param(status(7), id="a reply to nobody"),
        pytest.param(struct.pack(">I", 1 << 30), id="a reply without end"),
        pytest.param(struct.pack(">IBI", 5, 250, 1), id="an unknown kind"),
        pytest.param(struct.pack(">IBII", 266, 102, 1, 257) + b"x" * 257, id="a handle that is longer than one can be"),
    ],
)
def test_what_is_no_sftp_is_a_lost_link(peer: Peer, nonsense: bytes) -> None:
    peer.says(HELLO)
    peer.conversation.post(packets.open_to_read(b"/"))
    with pytest.raises(LinkLostError):
        peer.says(nonsense)


@given(st.binary(max_size=300))
def test_whatever_a_client_sends_ends_in_a_reply_or_in_a_lost_link(data: bytes) -> None:
    peer = Peer()
    heard: list[Reply] = []
    peer.says(HELLO)
    peer.conversation.post(packets.look_at(b"/"), heard.append)
    with suppress(LinkLostError):
        if data:
            peer.says(data)
    peer.close()
    assert len(heard) <= 1
