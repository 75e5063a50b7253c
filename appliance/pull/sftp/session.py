"""One conversation in SFTP over the pipes of an ssh: many requests under way, and the root half heard meanwhile."""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from appliance.pull import link
from appliance.pull.failure import stopped
from appliance.pull.sftp import packets, replies
from appliance.pull.sftp.replies import ProtocolError, Reply
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.pull.sftp.packets import Request

Then = Callable[[Reply], None]

# As much as a line of 100 Mbit/s holds at a tenth of a second of delay. More would not be faster, and on a slow line it
# would have to go out before a stop could tidy up.
_BYTES_UNDER_WAY = 1 << 20
_REQUESTS_UNDER_WAY = 512
_CHUNK = 1 << 18
_BEAT_SECONDS = 1.0


class HungUp(Exception):  # noqa: N818 - what happened, not a fault of ours
    """The other side is gone, or does not speak SFTP."""


class Session:
    """Requests out, replies to who asked, in the order of the requests. Raises HungUp, and Failure at a stop."""

    def __init__(self, control: link.Link, *, out: int, into: int) -> None:
        """Take over the pipes: `out` is where replies come from, `into` where requests go."""
        self._link, self._out, self._into = control, out, into
        for pipe in (out, into):
            os.set_blocking(pipe, False)
        self._waiting: deque[tuple[int, int, Then]] = deque()
        self._number = 0
        self._under_way = 0
        self._unsent = bytearray()
        self._unread = bytearray()
        self._hellos: list[bytes] = []
        self._last_beat = 0.0
        self.extensions: frozenset[str] = frozenset()

    def greet(self) -> None:
        """Begin; afterwards `extensions` is known."""
        self._unsent += packets.hello()
        while not self._hellos:
            self._turn()
        try:
            self.extensions = replies.read_hello(self._hellos.pop())
        except ProtocolError as error:
            raise HungUp from error

    def post(self, request: Request, then: Then = lambda _: None) -> None:
        """Send without waiting; `then` gets the reply, and may post more."""
        self._number = (self._number + 1) & 0xFFFFFFFF
        packet = request.numbered(self._number)
        self._unsent += packet
        self._under_way += len(packet)
        self._waiting.append((self._number, len(packet), then))

    def ask(self, request: Request) -> Reply:
        """Send and wait for the reply; never from within a `then`."""
        heard: list[Reply] = []
        self.post(request, heard.append)
        while not heard:
            self._turn()
        return heard[0]

    def make_room(self) -> None:
        """Wait until there is not too much under way."""
        while self._under_way > _BYTES_UNDER_WAY or len(self._waiting) > _REQUESTS_UNDER_WAY:
            self._turn()

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Go on with what is under way until that is so, or nothing is under way any more."""
        while self._waiting and not is_so():
            self._turn()

    def settle(self) -> None:
        """Wait until every request is replied to."""
        while self._waiting:
            self._turn()

    def wait_for(self, pipe: int) -> None:
        """Go on with what is under way until there is something to read in that pipe."""
        while not self._turn(pipe):
            pass

    def _turn(self, pipe: int | None = None) -> bool:
        """Wait for anything and deal with it; returns whether `pipe` can be read."""
        sources: list[int] = [self._out, self._link.fileno(), *([] if pipe is None else [pipe])]
        readable, writable, _ = select.select(sources, [self._into] if self._unsent else [], [])
        if self._link.fileno() in readable:
            self._hear()
        if writable:
            self._send()
        if self._out in readable:
            self._receive()
        if time.monotonic() - self._last_beat > _BEAT_SECONDS and (writable or len(readable) > 0):
            self._last_beat = time.monotonic()
            self._link.beat()
        return pipe in readable

    def _hear(self) -> None:
        said = self._link.hear()
        if said is None:
            raise stopped(Reason.KILLED)
        if said.word == link.STOP:
            raise stopped(said.note)

    def _send(self) -> None:
        try:
            sent = os.write(self._into, self._unsent[:_CHUNK])
        except BlockingIOError:
            return
        except OSError as error:
            raise HungUp from error
        del self._unsent[:sent]

    def _receive(self) -> None:
        chunk = os.read(self._out, _CHUNK)
        if not chunk:
            raise HungUp
        self._unread += chunk
        while len(self._unread) >= 4:  # noqa: PLR2004 - the length comes first
            length = int.from_bytes(self._unread[:4], "big")
            if length > replies.LARGEST_REPLY:
                raise HungUp
            if len(self._unread) < 4 + length:
                return
            packet = bytes(self._unread[4 : 4 + length])
            del self._unread[: 4 + length]
            self._take(packet)

    def _take(self, packet: bytes) -> None:
        if self._number == 0:
            self._hellos.append(packet)
            return
        try:
            number, reply = replies.read_reply(packet)
        except ProtocolError as error:
            raise HungUp from error
        if not self._waiting or self._waiting[0][0] != number:
            # Servers may reply in another order, but none that serves files one after the other does.
            self._take_out_of_turn(number, reply)
            return
        _, size, then = self._waiting.popleft()
        self._under_way -= size
        then(reply)

    def _take_out_of_turn(self, number: int, reply: Reply) -> None:
        for place, (waiting, size, then) in enumerate(self._waiting):
            if waiting == number:
                del self._waiting[place]
                self._under_way -= size
                then(reply)
                return
        raise HungUp
