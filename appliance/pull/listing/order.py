"""Which children a folder has, in the order in which Borg reads them."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Order:
    """All children of all folders in one column, and where in it each folder's begin. Node 1 is the root."""

    def __init__(self, parents: array[int], inodes: array[int], name: Callable[[int], bytes]) -> None:
        """Order the nodes by parent, then by inode number, then by name."""
        counts = array("I", bytes(4 * (len(parents) + 1)))
        for node in range(2, len(parents)):
            counts[parents[node] + 1] += 1
        self._firsts = array("I", accumulate(counts))
        self._nodes = array("I", bytes(4 * max(len(parents) - 2, 0)))
        following = self._firsts[:]
        for node in range(2, len(parents)):
            parent = parents[node]
            self._nodes[following[parent]] = node
            following[parent] += 1
        for after, count in enumerate(counts):
            if count > 1:
                self._sort(self._firsts[after - 1], count, inodes, name)

    def children(self, node: int) -> Sequence[int]:
        """Every child of a folder, in order."""
        return self._nodes[self._firsts[node] : self._firsts[node + 1]]

    def _sort(self, first: int, count: int, inodes: array[int], name: Callable[[int], bytes]) -> None:
        nodes = self._nodes[first : first + count]
        if len({inodes[node] for node in nodes}) == count:
            ordered = sorted(nodes, key=inodes.__getitem__)
        else:
            ordered = sorted(nodes, key=lambda node: (inodes[node], name(node)))
        self._nodes[first : first + count] = array("I", ordered)
