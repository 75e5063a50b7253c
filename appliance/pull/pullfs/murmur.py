"""What the ssh of a session says on its standard error: the client's text, so it is handed on as that and bounded."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_LINES = 50
_LONGEST_BYTES = 1024
# An ssh that was ended has closed its end; one that a jump left behind is not waited for.
_PATIENCE_SECONDS = 1.0


class Murmur:
    """The standard error of every ssh of a mount. `into` is the descriptor that they get."""

    def __init__(self, hand_on: Callable[[str], None]) -> None:
        """`hand_on` gets the first lines, from another thread; what comes after them is read and forgotten.

        It is always read: an ssh whose standard error is full would stand still, and the run with it.
        """
        out, self.into = os.pipe()
        self._hand_on = hand_on
        self._thread = threading.Thread(target=self._listen, args=(out,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hand on what is left, once every ssh was ended."""
        os.close(self.into)
        self._thread.join(_PATIENCE_SECONDS)

    def _listen(self, out: int) -> None:
        lines = 0
        with open(out, "rb") as said:
            while line := said.readline(_LONGEST_BYTES):
                text = " ".join(line.decode("utf-8", "replace").split())
                if text and lines < _MOST_LINES:
                    lines += 1
                    self._hand_on(text)
