"""The order in which Borg reads: depth first, the entries of a folder by their inode (borg's `scandir_inorder`)."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from appliance.pull.pullfs.wire import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from appliance.pull.listing.tree import Tree


def node_of(tree: Tree, path: str) -> int | None:
    """Find the node of an absolute path; None where the listing has none, or where a link leads there."""
    node: int | None = ROOT
    for part in path.encode("utf-8", "surrogateescape").split(b"/"):
        if part not in (b"", b".") and node is not None:
            node = tree.lookup(node, part) if stat.S_ISDIR(tree.mode(node)) else None
    return node


def reading_order(tree: Tree, paths: Sequence[str]) -> Iterator[int]:
    """Yield the regular files that hold something, as Borg will come to them; of a hard link only its first name."""
    linked: set[int] = set()
    for path in paths:
        top = node_of(tree, path)
        if top is not None:
            yield from _files(tree, top, linked)


def _files(tree: Tree, top: int, linked: set[int]) -> Iterator[int]:
    pending = [iter((top,))]
    while pending:
        node = next(pending[-1], None)
        if node is None:
            pending.pop()
        elif stat.S_ISDIR(mode := tree.mode(node)):
            pending.append(iter(tree.children(node)))
        elif stat.S_ISREG(mode) and tree.size(node) and not _is_known_link(tree, node, linked):
            yield node


def _is_known_link(tree: Tree, node: int, linked: set[int]) -> bool:
    if tree.nlink(node) <= 1:
        return False
    inode = tree.inode(node)
    known = inode in linked
    linked.add(inode)
    return known
