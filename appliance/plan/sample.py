"""Which files of an archive are read back to prove that it can be read: few enough to be quick, from all over it.

The same ones each time, and always the largest. A drill asks something else, whether a restore brings back what was
there, and so chooses by chance and of every kind there is (`pull/drills/sample.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_FILES = 25
MOST_BYTES = 256 << 20
LARGEST_FILE = 64 << 20


class Member(NamedTuple):
    """A regular file in an archive; `size` in bytes."""

    path: str
    size: int


class Sample:
    """Files are offered in the archive's order, by the million; it keeps some, evenly spread, in constant memory."""

    def __init__(self) -> None:
        """Nothing is offered yet."""
        self.offered = 0
        self._step = 1
        self._kept: list[Member] = []
        self._largest = Member("", 0)
        self._smallest_huge: Member | None = None

    def offer(self, member: Member) -> None:
        """Look at one more file. Empty ones prove nothing, and huge ones take too long."""
        self.offered += 1
        if member.size > LARGEST_FILE and (self._smallest_huge is None or member.size < self._smallest_huge.size):
            self._smallest_huge = member
        if not 0 < member.size <= LARGEST_FILE:
            return
        if member.size > self._largest.size:
            self._largest = member
        if self.offered % self._step:
            return
        self._kept.append(member)
        if len(self._kept) == 2 * MOST_FILES:
            # Every other one goes, and from here on only every other one comes.
            self._kept = self._kept[1::2]
            self._step *= 2

    def chosen(self) -> tuple[Member, ...]:
        """Return what is to be read, within both limits: the largest, where most of the data is, and some of all."""
        if not self._largest.size:
            return ()
        spread = [member for member in self._kept if member != self._largest]
        every = max(1, -(-len(spread) // (MOST_FILES - 1)))
        return tuple(_within([self._largest, *spread[::every]]))

    def beginning(self) -> Member | None:
        """Return the file whose first LARGEST_FILE bytes are to be read: the smallest, where nothing is but huge ones.

        A dump of a database, or images of disks: without it, nothing of such an archive would ever be read.
        """
        return None if self._largest.size else self._smallest_huge


def _within(members: Iterable[Member]) -> Iterable[Member]:
    total = 0
    for member in members:
        total += member.size
        if total > MOST_BYTES:
            return
        yield member
