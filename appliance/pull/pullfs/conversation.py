"""SFTP over the pipes of an ssh, with many requests under way and nobody waiting: who asked is called back."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from appliance.pull.sftp import packets, replies
from appliance.pull.sftp.replies import ProtocolError, Reply

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
    """Requests out, replies to who asked. Never blocks: whoever owns the loop calls `send` and `receive`."""

    def __init__(self, *, out: int, into: int) -> None:
        """Take over the pipes: `out` is where replies come from, `into` where requests go."""
        self.out, self.into = out, into
        for pipe in (out, into):
            os.set_blocking(pipe, False)
            # The usual 64 KiB would be filled, and the reader woken, sixteen times a MiB.
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._waiting: dict[int, Then] = {}
        self._number = 0
        self._unsent = bytearray(packets.hello())
        self._unread = bytearray()
        self._greeted = False

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

    def receive(self) -> None:
        """Take what has come and call back; raises LinkLostError."""
        try:
            chunk = os.read(self.out, _PIPE_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            raise LinkLostError("its SFTP session is closed")
        self._unread += chunk
        start = 0
        while len(self._unread) - start >= _LENGTH_BYTES:
            length = int.from_bytes(self._unread[start : start + _LENGTH_BYTES], "big")
            if length > replies.LARGEST_REPLY:
                raise LinkLostError("what it sends is not SFTP")
            end = start + _LENGTH_BYTES + length
            if len(self._unread) < end:
                break
            self._take(bytes(memoryview(self._unread)[start + _LENGTH_BYTES : end]))
            start = end
        del self._unread[:start]

    def _take(self, packet: bytes) -> None:
        try:
            if not self._greeted:
                replies.read_hello(packet)
                self._greeted = True
                return
            number, reply = replies.read_reply(packet)
        except ProtocolError as error:
            raise LinkLostError("what it sends is not SFTP") from error
        then = self._waiting.pop(number, None)
        if then is None:
            raise LinkLostError("it replies to what nobody asked")
        then(reply)
