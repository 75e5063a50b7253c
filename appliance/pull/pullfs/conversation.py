"""SFTP over the pipes of an ssh, with many requests under way and nobody waiting: who asked is called back."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from appliance.pull.sftp import greeting, packets, replies
from appliance.pull.sftp.replies import FAILED, ProtocolError, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.pull.sftp.packets import Request

    Then = Callable[[Reply], None]

_CHUNK = 1 << 18
_PIPE_BYTES = 1 << 20
_LENGTH_BYTES = 4


class LinkLostError(Exception):
    """The client's SFTP server is gone, or does not speak SFTP."""


class Conversation:
    """Requests out, replies to who asked. Never blocks: whoever owns the loop calls `send` and `receive`.

    Whoever wants only some replies at once calls `hear` for the others, as long as it `has_unheard`.
    """

    def __init__(self, *, out: int, into: int) -> None:
        """Take over the pipes: `out` is where replies come from, `into` where requests go."""
        self.out, self.into = out, into
        for pipe in (out, into):
            os.set_blocking(pipe, False)
            # The usual 64 KiB would be filled, and the reader woken, sixteen times a MiB.
            # Of an unprivileged user's pipes the kernel makes only so many larger (pipe(7)); it goes without.
            with suppress(OSError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._waiting: dict[int, Then] = {}
        self._number = 0
        self._unsent = bytearray(packets.hello())
        self._unread = bytearray()
        self._begin = 0
        self._greeted = False
        self.has_unheard = False
        # Of all extensions that it names: the others would be kept for nobody, and there may be a megabyte of them.
        self.tells_limits = False
        self._patience = greeting.LONGEST_BYTES

    @property
    def is_greeted(self) -> bool:
        """Whether the server has named its version."""
        return self._greeted

    @property
    def has_unsent(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._unsent)

    @property
    def under_way(self) -> int:
        """How many requests have no reply yet."""
        return len(self._waiting)

    def post(self, request: Request, then: Then = lambda _: None) -> None:
        """Queue a request; `then` gets the reply, and may post more."""
        self._number = (self._number + 1) & 0xFFFFFFFF
        self._unsent += request.numbered(self._number)
        self._waiting[self._number] = then

    def send(self) -> None:
        """Send what the pipe takes now; raises LinkLostError."""
        try:
            while self._unsent:
                sent = os.write(self.into, memoryview(self._unsent)[:_CHUNK])
                del self._unsent[:sent]
        except BlockingIOError:
            return
        except OSError as error:
            raise LinkLostError("its SFTP session is closed") from error

    def receive(self, at_once: int | None = None) -> None:
        """Take what has come and call back, for so many replies or for all; raises LinkLostError."""
        try:
            chunk = os.read(self.out, _PIPE_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            raise LinkLostError("its SFTP session is closed")
        self._unread += chunk
        if not self._greeted:
            self._pass_over_a_greeting()
        self.hear(at_once)

    def hear(self, at_once: int | None = None) -> None:
        """Call back for what has come, for so many replies or for all; raises LinkLostError."""
        for _ in count() if at_once is None else range(at_once):
            packet = self._next_packet()
            if packet is None:
                self.has_unheard = False
                del self._unread[: self._begin]
                self._begin = 0
                return
            self._take(packet)
        self.has_unheard = True

    def _next_packet(self) -> bytes | None:
        begin = self._begin + _LENGTH_BYTES
        if begin > len(self._unread):
            return None
        length = int.from_bytes(self._unread[self._begin : begin], "big")
        if length > replies.LARGEST_REPLY:
            raise LinkLostError("what it sends is not SFTP")
        if begin + length > len(self._unread):
            return None
        self._begin = begin + length
        return bytes(memoryview(self._unread)[begin : self._begin])

    def _pass_over_a_greeting(self) -> None:
        self._patience -= greeting.pass_over(self._unread)
        if self._patience < 0:
            raise LinkLostError("what it sends is not SFTP")

    def give_up(self) -> None:
        """Tell everybody who waits for a reply that none will come."""
        waiting, self._waiting = self._waiting, {}
        self._unsent.clear()
        for then in waiting.values():
            then(Reply(code=FAILED))

    def _take(self, packet: bytes) -> None:
        try:
            if not self._greeted:
                self.tells_limits = packets.LIMITS in replies.read_hello(packet)
                self._greeted = True
                return
            number, reply = replies.read_reply(packet)
        except ProtocolError as error:
            raise LinkLostError("what it sends is not SFTP") from error
        then = self._waiting.pop(number, None)
        if then is None:
            raise LinkLostError("it replies to what nobody asked")
        then(reply)
