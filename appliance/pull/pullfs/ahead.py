"""Which file comes next: Borg's own order, less what it will not read."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST_RUN = 256


class Ahead:
    """A cursor in the order of reading. Nodes get their place in it, from 1 on, as they are come upon."""

    def __init__(self, order: Iterator[int], nodes: int, is_expected: Callable[[int], bool]) -> None:
        """`nodes` is one more than the largest node; `is_expected` says whether Borg will probably read a file."""
        self._order, self._is_expected = order, is_expected
        self._places = array("I", bytes(4 * nodes))
        self._nodes = array("I", [0])
        self._next = 1
        self._last_read = self._run = 0
        # Of a run through files that nobody expected: where the next one of it is, and how far it may go.
        self._next_of_run = self._end_of_run = 0

    def next(self) -> int | None:
        """Return the next file that is worth fetching; None where there is none now."""
        while self._next_of_run < min(self._end_of_run, len(self._nodes)):
            self._next_of_run += 1
            if not self._is_expected(node := self._nodes[self._next_of_run - 1]):
                return node
        while self._next < len(self._nodes) or self._pass_one() is not None:
            self._next += 1
            if self._is_expected(node := self._nodes[self._next - 1]):
                return node
        return None

    def place_of(self, node: int) -> int:
        """Return the place of a file; 0 for one that has none."""
        while not self._places[node] and self._pass_one() is not None:
            pass
        return self._places[node]

    def came_to(self, place: int) -> None:
        """Borg reads the file of that place.

        Where it reads one after the other although nobody expected it (its cache is lost), what follows is fetched as
        well, more and more of it.
        """
        self._run = self._run + 1 if place == self._last_read + 1 else 0
        self._last_read = place
        # What lies before it is not worth fetching any more.
        self._next = max(self._next, place + 1)
        self._next_of_run = max(self._next_of_run, place + 1)
        self._end_of_run = place + 1 + min(2 * self._run, _LONGEST_RUN)

    def _pass_one(self) -> int | None:
        node = next(self._order, None)
        if node is not None:
            self._places[node] = len(self._nodes)
            self._nodes.append(node)
        return node
