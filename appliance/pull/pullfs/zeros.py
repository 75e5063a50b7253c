"""Where a file's holes are: where the client did not say, that is guessed, and only decides which session to ask."""

from __future__ import annotations

import stat
from heapq import nsmallest
from typing import TYPE_CHECKING

from appliance.pull.pullfs.pieces import PIECE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.pull.listing.tree import Tree

_BLOCK = 512
# Holes that are worth a second session: so many bytes of them, and a quarter of the file.
_WORTH_BYTES = 1 << 20
_WORTH_SHARE = 4
# So many pieces of one kind in a row are taken for the beginning of more. Zeros on the plain way cost the line, data on
# the packed one the client's processor (zlib packs 25 to 50 MB a second of data, and ten times as much of zeros).
_FOUND = _WORTH_BYTES // PIECE_BYTES
_ZEROS_AGAIN = 8
_DATA_AGAIN = 32


def is_sparse(tree: Tree, node: int) -> bool:
    """Whether the client's disk has clearly less of this file than its size; only a listing by a program tells."""
    size = tree.size(node)
    holes = size - _BLOCK * tree.blocks(node)
    return holes >= _WORTH_BYTES and _WORTH_SHARE * holes >= size


def sparsest_files(tree: Tree, is_wanted: Callable[[int], bool], most: int) -> list[int]:
    """Return at most so many sparse files that are wanted, those first that have the largest holes."""
    found = tree.smaller_on_disk(_WORTH_BYTES)
    files = (node for node in found if stat.S_ISREG(tree.mode(node)) and is_sparse(tree, node) and is_wanted(node))
    return nsmallest(most, files, key=lambda node: _BLOCK * tree.blocks(node) - tree.size(node))


class Zeros:
    """What came of one file, so far as it says what will come."""

    __slots__ = ("_are_zeros", "_count", "are_expected")

    def __init__(self, *, are_expected: bool) -> None:
        """`are_expected` says what comes first."""
        self.are_expected = are_expected
        self._are_zeros = are_expected
        self._count = 0

    @property
    def are_found(self) -> bool:
        """Whether a hole was found that is worth a second session."""
        return self._are_zeros and self._count >= _FOUND

    def came(self, *, are_zeros: bool) -> None:
        """A piece has come, more or less in order."""
        self._count = self._count + 1 if are_zeros == self._are_zeros else 1
        self._are_zeros = are_zeros
        if self._count >= (_ZEROS_AGAIN if are_zeros else _DATA_AGAIN):
            self.are_expected = are_zeros
