"""Signals as something to select on: the handler does nothing, the kernel's wake-up byte says which one it was."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class SignalPipe:
    """Takes over these signals for the life of the process; readable when one has come."""

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        """Install the handlers; call it in the main thread."""
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _ignore)

    def fileno(self) -> int:
        """The descriptor, for selectors."""
        return self._reader.fileno()

    def taken(self) -> frozenset[int]:
        """Return the numbers of the signals that came since the last call."""
        try:
            return frozenset(self._reader.recv(64))
        except BlockingIOError:
            return frozenset()


def _ignore(_number: int, _frame: object) -> None:
    """Being called at all is what interrupts a wait."""
