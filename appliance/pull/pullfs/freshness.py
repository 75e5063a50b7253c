"""Whether a file is still the one that was listed, by what SFTP says of it: seconds, no ctime."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.pull.listing.tree import Tree
    from appliance.pull.sftp.packets import Attributes

_SECOND = 10**9
# SFTP version 3 has no more room for a time.
_SECONDS = 0xFFFFFFFF


def freshen(tree: Tree, node: int, now: Attributes, *, is_begun: bool) -> bool:
    """Take over what has changed of the content since the listing; returns whether anything has.

    Mode and owner stay as they were listed, and so does the size once its reader has begun: he would follow a file that
    grows faster than it comes for ever. The true ctime is not to be had, so the new one is made up: another than
    before, so that Borg sees the change, and none that a listing will show, so that the next run reads the file again.
    Raises Hostile for a size that no file has.
    """
    size = tree.size(node) if now.size is None else now.size
    listed = tree.mtime_ns(node)
    same_time = now.mtime is None or now.mtime == listed // _SECOND & _SECONDS
    if same_time and size == tree.size(node):
        return False
    mtime = listed if same_time or now.mtime is None else now.mtime * _SECOND
    shown = tree.size(node) if is_begun else size
    tree.update(node, mode=tree.mode(node), size=shown, mtime_ns=mtime, ctime_ns=tree.ctime_ns(node) + 1)
    return True
