"""What an SFTP server of a client replies, fed with anything: it ends in an answer, or in a refusal."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from appliance.pull.listing.entry import Hostile
from appliance.pull.listing.folders import Folders
from appliance.pull.listing.holes import Holes
from appliance.pull.pullfs.ahead import Ahead
from appliance.pull.pullfs.conversation import Conversation, LinkLostError
from appliance.pull.pullfs.fetching import Fetching
from appliance.pull.pullfs.lane import Lane
from appliance.pull.pullfs.order import reading_order
from appliance.pull.pullfs.pace import Pace
from appliance.pull.pullfs.pieces import PIECE_BYTES
from appliance.pull.pullfs.transfer import Wanted
from appliance.pull.sftp.replies import FAILED, ProtocolError, Reply, has_room, most_handles, read_hello, read_reply
from tests.fuzz.bounds import REQUESTS, small_tree
from tests.fuzz.listings import tell_the_kernel
from tests.pullfs import ClientFile, FakeKernel, FakeLanes, tree_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.pull.sftp.packets import Request

    Then = Callable[[Reply], None]

_FILES = {b"/a": ClientFile(b"x" * 100), b"/b": ClientFile(b"y" * 70_000), b"/c": ClientFile(b"z")}
# Node 1 is the root.
_SPARSE, _TOLD = 3, 4
_PAGES, _READ_AHEAD = 8192, 1 << 17


def reply(data: bytes) -> None:
    """Read one packet: as the first of a session, and as any other."""
    with suppress(ProtocolError):
        read_hello(data)
    try:
        _, found = read_reply(data)
    except ProtocolError:
        return
    held = len(found.handle) + len(found.data) + sum(len(name) for name, _ in found.names)
    assert held <= len(data), "a reply holds more than was sent"
    assert found.why
    has_room(found.data)
    assert most_handles(found.data) >= 0


def stream(data: bytes) -> None:
    """Have a client listed by SFTP through a pipe: packets, numbers and all are the client's."""
    tree = small_tree()
    with _conversation() as (client, replies):
        folders = Folders(client.post, REQUESTS[1], tree)
        folders.begin()
        try:
            for start in range(0, len(data), 1 << 15):
                os.write(replies, data[start : start + (1 << 15)])
                client.receive()
            if folders.is_over:
                folders.finish()
                tell_the_kernel(tree)
        except (Hostile, LinkLostError):
            return


@contextmanager
def _conversation() -> Iterator[tuple[Conversation, int]]:
    requests, into = os.pipe()
    out, replies = os.pipe()
    try:
        yield Conversation(out=out, into=into), replies
    finally:
        for end in (requests, into, out, replies):
            os.close(end)


class Liar:
    """Replies to one request after the other with what the data says next, and to no more when there is none.

    The data is packets without their number: two bytes for the length, then kind and body.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._asked: list[Then] = []

    def post(self, request: Request, then: Then) -> None:
        """Take a request."""
        assert len(request.numbered(1)) < 1 << 16
        self._asked.append(then)

    def reply_to_all(self) -> None:
        """Reply until nobody asks; raises ProtocolError, and Hostile out of who asked."""
        while self._asked:
            self._asked.pop(0)(self._next())

    def _next(self) -> Reply:
        if not self._data:
            return Reply(code=FAILED)
        length = int.from_bytes(self._data[:2], "big")
        packet, self._data = self._data[2 : 2 + length], self._data[2 + length :]
        return read_reply(packet[:1] + bytes(4) + packet[1:])[1]


def folders(data: bytes) -> None:
    """Have a client listed by SFTP: every reply is anything, and has the number of its request."""
    tree, liar = small_tree(), Liar(data[1:])
    reader = Folders(liar.post, REQUESTS[(data[:1] or b"\0")[0] & 1], tree)
    reader.begin()
    try:
        liar.reply_to_all()
        assert reader.is_over, "nobody is asked any more, and it waits"
        reader.finish()
    except (Hostile, ProtocolError):
        return
    tell_the_kernel(tree)


def fetching(data: bytes) -> None:
    """Have a kernel read files of a client that replies anything: every READ is answered once, within its bounds."""
    tree, kernel, liar = tree_of(_FILES), FakeKernel(), Liar(data[4:])
    ahead = Ahead(reading_order(tree, ("/",)), len(tree) + 1, lambda _: True)
    plain, packed = (Lane(liar.post, Pace(lambda: 0.0)) for _ in range(2))
    lanes = FakeLanes(plain, packed)
    # One of the files is listed with holes, and so read by both sessions; of another one they are told.
    reader = Fetching(
        tree,
        ahead,
        lanes,
        kernel,
        is_sparse=lambda node: node == _SPARSE,
        holes={_TOLD: Holes([(0, 1)], tree.size(_TOLD), PIECE_BYTES)},
        done_with=lambda _: None,
    )
    reads = {unique: _wanted(unique, choice) for unique, choice in enumerate(data[:4], 1)}
    try:
        for unique, choice in enumerate(data[:4], 1):
            reader.read(2 + choice % len(_FILES), reads[unique])
            liar.reply_to_all()
    except (Hostile, ProtocolError):
        return
    answered = sorted([*kernel.given, *kernel.refused])
    assert answered == sorted(reads), f"asked for {sorted(reads)}, answered {answered}"
    assert all(len(given) <= reads[unique].length for unique, given in kernel.given.items())


def _wanted(unique: int, choice: int) -> Wanted:
    return Wanted(unique, (choice >> 4) * _PAGES, _READ_AHEAD)
