"""What earlier runs have read or passed over, so that little is fetched in vain.

A hint: where it is wrong, only time is lost.
"""

from __future__ import annotations

import stat
from array import array
from contextlib import suppress
from typing import TYPE_CHECKING

from appliance.pull.pullfs.signatures import Signatures

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.pull.listing.tree import Tree


class Seen:
    """The files that an earlier run has read as they are listed now; kept in one file of eight bytes each."""

    def __init__(self, tree: Tree, kept_in: Path) -> None:
        """Read what was kept; that there is nothing, or nonsense, is no error."""
        self._tree, self._kept_in = tree, kept_in
        self._known = bytearray(len(tree) + 1)
        kept = _kept(kept_in)
        before = Signatures(kept)
        for node in range(1, len(tree) + 1) if kept else ():
            self._known[node] = _signature(tree, node) in before

    def is_expected(self, node: int) -> bool:
        """Whether Borg will probably read this file: it may be read, and was not as it is now."""
        return not self._known[node] and self._tree.is_readable(node)

    def add(self, node: int) -> None:
        """Note that the file was read to its end, or fetched and passed over."""
        self._known[node] = 1

    def keep(self) -> None:
        """Write down what the next run need not fetch ahead; a full disk is no error here."""
        newest = self._newest()
        remembered = (node for node, known in enumerate(self._known) if known and self._tree.ctime_ns(node) < newest)
        signatures = array("q", (_signature(self._tree, node) for node in remembered))
        beside = self._kept_in.with_suffix(".new")
        with suppress(OSError):
            with beside.open("wb") as file:
                signatures.tofile(file)
            beside.replace(self._kept_in)

    def _newest(self) -> int:
        """When the last of the files changed. Borg does not remember those: one may change again in the same moment.

        It reads them in the next run (borg's cache.py, `_newest_cmtime`). Where times are told in whole seconds, that
        may be thousands of files.
        """
        tree = self._tree
        files = (node for node in range(1, len(tree) + 1) if stat.S_ISREG(tree.mode(node)))
        return max((tree.ctime_ns(node) for node in files), default=0)


def _kept(path: Path) -> array[int]:
    kept = array("q")
    with suppress(OSError, EOFError):
        size = path.stat().st_size
        with path.open("rb") as file:
            kept.fromfile(file, size // kept.itemsize)
    return kept


def _signature(tree: Tree, node: int) -> int:
    # What Borg's files cache goes by. A hash of whole numbers is the same in every process.
    return hash((tree.inode(node), tree.size(node), tree.ctime_ns(node)))
