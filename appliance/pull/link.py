"""What the two halves of a pull container say to each other: single words over a socket pair."""

from __future__ import annotations

import socket
from dataclasses import dataclass

# From the controller.
MOUNT = "mount"
CREATE = "create"
INTERRUPT = "interrupt"
UNMOUNT = "unmount"
ALIVE = "alive"
DONE = "done"
# From the root half.
MOUNTED = "mounted"
MOUNT_FAILED = "mount-failed"
CREATED = "created"
LOST = "lost"
STOP = "stop"
UNMOUNTED = "unmounted"

_LONGEST = 512


@dataclass(frozen=True, slots=True)
class Word:
    """A message: one of the words above, and a number or a short note where it needs one."""

    word: str
    note: str = ""


class Link:
    """One end of the pair. Each message is one packet, so nothing has to be put together."""

    def __init__(self, end: socket.socket) -> None:
        """Take over the socket."""
        self._socket = end

    def fileno(self) -> int:
        """The descriptor, for selectors."""
        return self._socket.fileno()

    def say(self, word: str, note: object = "") -> None:
        """Send a word; the other half being gone is noticed elsewhere, by its exit."""
        try:
            self._socket.send(f"{word} {note}".strip().encode()[:_LONGEST])
        except (BrokenPipeError, ConnectionResetError):
            return

    def beat(self) -> None:
        """Say "alive" without ever waiting: where the queue is full, the other half has such words to read already.

        A reader of Borg that waits here would stop Borg, and where both queues are full, both halves for ever.
        """
        try:
            self._socket.send(ALIVE.encode(), socket.MSG_DONTWAIT)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            return

    def hear(self) -> Word | None:
        """Wait for a word; None when the other half is gone."""
        try:
            packet = self._socket.recv(_LONGEST).decode()
        except ConnectionResetError:
            return None
        word, _, note = packet.partition(" ")
        return Word(word, note) if word else None


def pair() -> tuple[socket.socket, socket.socket]:
    """Make both ends."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def from_descriptor(number: int) -> Link:
    """Take up the end that was handed over at the start of this process."""
    return Link(socket.socket(fileno=number))
