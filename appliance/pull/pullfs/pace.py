"""How much may be under way from the client: about what its line carries in a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# More than ssh's own window (2 MiB) never helps; on a line of any delay, so much is needed to learn how fast it is.
_MOST, _LEAST = 4 << 20, 1 << 18
_FIRST = 1 << 20
_LOOK_SECONDS = 0.5


class Pace:
    """A limit, in bytes, that follows the line.

    What is asked for out of turn waits behind what is under way, so on a slow line that must be little.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` is a clock in seconds that never goes back."""
        self._now = now
        self._since, self._bytes = now(), 0
        self.limit = _FIRST

    def came(self, count: int) -> None:
        """So many bytes have come."""
        self._bytes += count
        passed = self._now() - self._since
        if passed >= _LOOK_SECONDS:
            self.limit = int(min(max(self._bytes / passed, _LEAST), _MOST))
            self._since, self._bytes = self._now(), 0
