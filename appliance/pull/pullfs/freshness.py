"""Whether a file is still the one that was listed, by what SFTP says of it: seconds, no ctime."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.pull.listing.tree import Tree
    from appliance.pull.sftp.packets import Attributes

_SECOND = 10**9
# SFTP version 3 has no more room for a time.
_SECONDS = 0xFFFFFFFF


def freshen(tree: Tree, node: int, now: Attributes, *, is_begun: bool) -> bool:
    """Take over what has changed since the listing; returns whether anything has.

    Mode and owner too: whoever may not read what stands there now must not read it in the archive, either. The size
    stays as it was listed once its reader has begun: he would follow a file that grows faster than it comes for ever.
    The true ctime is not to be had, so the new one is made up: another than before, so that Borg sees the change, and
    none that a listing will show, so that the next run reads the file again.
    Raises Hostile for a size that no file has.
    """
    size = tree.size(node) if now.size is None else now.size
    listed = tree.mtime_ns(node)
    same_time = now.mtime is None or now.mtime == listed // _SECOND & _SECONDS
    mode = tree.mode(node) if now.mode is None else stat.S_IFMT(tree.mode(node)) | stat.S_IMODE(now.mode)
    listed_owner = tree.uid(node), tree.gid(node)
    owner = now.owner or listed_owner
    if same_time and (size, mode, owner) == (tree.size(node), tree.mode(node), listed_owner):
        return False
    mtime = listed if same_time or now.mtime is None else now.mtime * _SECOND
    shown = tree.size(node) if is_begun else size
    ctime = tree.ctime_ns(node) + 1
    tree.update(node, mode=mode, owner=owner, size=shown, mtime_ns=mtime, ctime_ns=ctime)
    return True


def is_file(now: Attributes) -> bool:
    """Whether SFTP says so, or nothing of it: an open has followed a link that was not there when it was listed."""
    kind = stat.S_IFMT(now.mode or 0)
    return kind in (0, stat.S_IFREG)
