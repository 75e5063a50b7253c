"""Two sessions in one loop: the second begins when it is needed, and may fail to; then it is as vital as the first."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import pytest

from appliance.pull.pullfs.conversation import Conversation, LinkLostError
from appliance.pull.pullfs.loop import Loop
from appliance.pull.pullfs.ways import Ways
from appliance.pull.sftp import packets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.pull.sftp.replies import Reply

HELLO = struct.pack(">IBI", 5, 2, 3)
OK = struct.pack(">IBII", 9, 101, 1, 0)


class Ssh:
    """The pipes of an ssh, from both ends."""

    def __init__(self) -> None:
        self.requests, into = os.pipe()
        out, self.replies = os.pipe()
        self.conversation = Conversation(out=out, into=into)
        self._ends = {self.requests, into, out, self.replies}

    def says(self, data: bytes) -> None:
        os.write(self.replies, data)

    def ends(self) -> None:
        for end in (self.replies, self.requests):
            self._ends.remove(end)
            os.close(end)

    def close(self) -> None:
        for end in self._ends:
            os.close(end)


class Mount:
    """A loop with the first session, and the second one as soon as it is begun."""

    def __init__(self) -> None:
        self.first, self.second = Ssh(), Ssh()
        self.begun = 0
        self.loop = Loop()
        self.loop.talk(self.first.conversation)
        self.ways = Ways(self.loop, self.first.conversation, self._begin, lambda: 0.0)
        self.heard: list[Reply] = []

    def _begin(self) -> Conversation:
        self.begun += 1
        return self.second.conversation

    def ask(self) -> None:
        """Ask by the second session."""
        lane = self.ways.packed()
        assert lane is not None
        lane.post(packets.open_to_read(b"/image"), self.heard.append)

    def close(self) -> None:
        self.first.close()
        self.second.close()


@pytest.fixture
def mount() -> Iterator[Mount]:
    made = Mount()
    yield made
    made.close()


def test_the_second_session_begins_once_and_only_when_it_is_asked_for(mount: Mount) -> None:
    assert mount.begun == 0
    assert mount.ways.packed() is mount.ways.packed()
    assert mount.begun == 1


def test_both_sessions_are_heard_in_one_loop(mount: Mount) -> None:
    mount.ask()
    mount.ways.plain.post(packets.open_to_read(b"/small"), mount.heard.append)
    for ssh in (mount.second, mount.first):
        ssh.says(HELLO + OK)
        mount.loop.turn()
    assert [reply.ok for reply in mount.heard] == [True, True]
    assert os.read(mount.second.requests, 100).startswith(packets.hello())


def test_between_a_few_replies_and_the_next_whoever_else_speaks_is_heard(mount: Mount) -> None:
    kernel, asks = os.pipe()
    order: list[str] = []
    mount.loop.hear(kernel, lambda: order.append(os.read(kernel, 1).decode()))
    for _ in range(40):
        mount.ways.plain.post(packets.close(b""), lambda _: order.append("-"))
    os.write(asks, b"k")
    mount.first.says(HELLO + b"".join(struct.pack(">IBII", 9, 101, number, 0) for number in range(1, 41)))
    while order.count("-") < 40:
        mount.loop.turn()
        os.write(asks, b"k")
    for end in (kernel, asks):
        os.close(end)
    assert max(map(len, "".join(order).split("k"))) < 40


def test_a_client_whom_nobody_awaits_is_heard_now_and_then_and_one_who_is_awaited_at_once(mount: Mount) -> None:
    clock, awaited = [0.0], [False]
    loop = Loop(lambda: clock[0])
    loop.talk(mount.first.conversation)
    loop.rest_unless(lambda: awaited[0])
    lane = Ways(loop, mount.first.conversation, mount._begin, lambda: 0.0).plain
    for _ in range(3):
        lane.post(packets.close(b""), mount.heard.append)
    clock[0] = 1.0
    mount.first.says(HELLO)
    loop.turn()
    mount.first.says(OK)
    loop.turn()
    assert len(mount.heard) == 0
    awaited[0] = True
    loop.turn()
    assert len(mount.heard) == 1
    awaited[0] = False
    mount.first.says(struct.pack(">IBII", 9, 101, 2, 0))
    loop.turn()
    assert len(mount.heard) == 1
    clock[0] = 2.0
    loop.turn()
    assert len(mount.heard) == 2


def test_a_second_session_that_is_not_let_in_is_done_without(mount: Mount) -> None:
    mount.ask()
    mount.second.ends()
    mount.first.says(HELLO)
    mount.loop.turn()
    assert [reply.ok for reply in mount.heard] == [False]
    assert mount.ways.packed() is None
    assert mount.first.conversation.is_greeted
    assert mount.begun == 1


def test_a_second_session_that_says_something_else_is_done_without(mount: Mount) -> None:
    mount.ask()
    mount.second.says(b"This account is not available.\n" * 3000)
    mount.loop.turn()
    assert [reply.ok for reply in mount.heard] == [False]


def test_once_it_has_begun_the_loss_of_the_second_session_is_the_end_of_all(mount: Mount) -> None:
    mount.ask()
    mount.second.says(HELLO)
    mount.loop.turn()
    mount.second.ends()
    with pytest.raises(LinkLostError):
        mount.loop.turn()


def test_the_loss_of_the_first_session_is_the_end_of_all_at_any_time(mount: Mount) -> None:
    mount.ask()
    mount.second.says(HELLO)
    mount.loop.turn()
    mount.first.ends()
    with pytest.raises(LinkLostError):
        mount.loop.turn()
