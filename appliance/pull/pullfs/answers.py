"""What the listing knows, as the kernel wants to hear it."""

from __future__ import annotations

import errno
import stat
from typing import TYPE_CHECKING

from appliance.pull.pullfs import wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.pull.listing.tree import Tree

_BLOCK = 512


class RefusedError(Exception):
    """The answer is an errno."""

    def __init__(self, number: int) -> None:
        """Say which."""
        super().__init__(number)
        self.number = number


def attributes(tree: Tree, node: int) -> bytes:
    """Return what stat(2) says of a node."""
    return wire.attributes_reply(packed(tree, node))


def packed(tree: Tree, node: int) -> bytes:
    """Pack a node's attributes."""
    size = tree.size(node)
    return wire.pack_attributes(
        tree.inode(node),
        size,
        tree.blocks(node) or -(-size // _BLOCK),
        tree.mtime_ns(node),
        tree.ctime_ns(node),
        tree.mode(node),
        tree.nlink(node),
        tree.uid(node),
        tree.gid(node),
        tree.rdev(node),
    )


def look_up(tree: Tree, folder: int, name: bytes) -> bytes:
    """Return the entry of that name; that there is none is an answer too."""
    node = tree.lookup(folder, name)
    return wire.NO_ENTRY if node is None else wire.entry(node, packed(tree, node))


def target(tree: Tree, node: int) -> bytes:
    """Return where a link points to."""
    if not stat.S_ISLNK(tree.mode(node)):
        raise RefusedError(errno.EINVAL)
    target = tree.target(node)
    if not target:
        # No link leads nowhere: this one could not be read, or went away while it was looked at.
        raise RefusedError(errno.ENOENT if tree.is_readable(node) else errno.EACCES)
    return target


def names(tree: Tree, children: Sequence[int], offset: int, room: int) -> bytes:
    """Return as many names as there is room for, from that place on (READDIR)."""
    return _listed(tree, children, offset, room, with_attributes=False)


def entries(tree: Tree, children: Sequence[int], offset: int, room: int) -> bytes:
    """Return the names with all their attributes (READDIRPLUS), so that nobody asks for those."""
    return _listed(tree, children, offset, room, with_attributes=True)


def _listed(tree: Tree, children: Sequence[int], offset: int, room: int, *, with_attributes: bool) -> bytes:
    parts: list[bytes] = []
    for place in range(offset, len(children)):
        node = children[place]
        # d_type is the type's bits alone (readdir(3)).
        listed = wire.directory_entry(tree.inode(node), place + 1, tree.mode(node) >> 12, tree.name(node))
        if with_attributes:
            listed = wire.entry(node, packed(tree, node)) + listed
        room -= len(listed)
        if room < 0:
            break
        parts.append(listed)
    return b"".join(parts)


def xattr(tree: Tree, node: int, name: bytes, room: int) -> bytes:
    """Return the value of an extended attribute, or its size where there is no room."""
    if not tree.has_xattrs:
        # The kernel remembers this one, and asks no more.
        raise RefusedError(errno.ENOSYS)
    value = tree.xattrs(node).get(name)
    if value is None:
        raise RefusedError(errno.ENODATA)
    return _fitting(value, room)


def xattr_names(tree: Tree, node: int, room: int) -> bytes:
    """Return the names of the extended attributes, or the size of that list where there is no room."""
    if not tree.has_xattrs:
        raise RefusedError(errno.ENOSYS)
    return _fitting(b"".join(name + b"\0" for name in tree.xattrs(node)), room)


def _fitting(value: bytes, room: int) -> bytes:
    if room == 0:
        return wire.xattr_size(len(value))
    if len(value) > room:
        raise RefusedError(errno.ERANGE)
    return value
