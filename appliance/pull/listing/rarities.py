"""What few files of a client have: where a link leads, which device it is, extended attributes, being unreadable."""

from __future__ import annotations

from array import array
from itertools import repeat
from types import MappingProxyType
from typing import TYPE_CHECKING

from appliance.pull.listing.entry import LONGEST_PATH, Hostile
from appliance.pull.listing.names import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

# What one object of Python's takes beside its bytes, with its place in a dictionary.
_BYTES_PER_OBJECT = 120
_ACL = b"system.posix_acl_"
_NO_XATTRS: Mapping[bytes, bytes] = MappingProxyType({})


class Rarities:
    """Kept by node, and only where there is something to keep. `taken_bytes` is about what that takes in memory."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.taken_bytes = 0
        self._unreadable = bytearray()
        self._rdevs: dict[int, int] = {}
        self._targets: dict[int, bytes] = {}
        self._xattr_sets: list[Mapping[bytes, bytes]] = [_NO_XATTRS]
        self._xattr_numbers: dict[tuple[tuple[bytes, bytes], ...], int] = {(): 0}
        self._xattrs = array("I")
        self._xattr_names: set[bytes] = set()

    def set_target(self, node: int, target: bytes) -> None:
        """Say where a symbolic link leads; raises Hostile for further than any can."""
        if len(target) >= LONGEST_PATH:
            raise Hostile(f"the listing has a link that leads further than any can: {shown(target)}")
        self._targets[node] = target
        self.taken_bytes += len(target) + _BYTES_PER_OBJECT

    def set_rdev(self, node: int, rdev: int) -> None:
        """Say which device it is."""
        self._rdevs[node] = rdev
        self.taken_bytes += _BYTES_PER_OBJECT

    def set_xattrs(self, node: int, xattrs: tuple[tuple[bytes, bytes], ...]) -> None:
        """Say which extended attributes it has; equal sets, as SELinux makes them by thousands, are kept once."""
        number = self._xattr_numbers.setdefault(xattrs, len(self._xattr_sets))
        if number == len(self._xattr_sets):
            self._xattr_sets.append(MappingProxyType(dict(xattrs)))
            self._xattr_names.update(name for name, _ in xattrs)
            self.taken_bytes += sum(2 * _BYTES_PER_OBJECT + len(name) + len(value) for name, value in xattrs)
        if node >= len(self._xattrs):
            self._xattrs.extend(repeat(0, 2 * node - len(self._xattrs) + 1))
        self._xattrs[node] = number

    def mark_unreadable(self, node: int) -> None:
        """Say that the client's user may not read it, or not enter it."""
        if node >= len(self._unreadable):
            self._unreadable.extend(bytes(2 * node - len(self._unreadable) + 1))
        self._unreadable[node] = 1

    def mark_readable(self, node: int) -> None:
        """Take that back."""
        if node < len(self._unreadable):
            self._unreadable[node] = 0

    def target(self, node: int) -> bytes:
        """Where a symbolic link leads."""
        return self._targets.get(node, b"")

    def rdev(self, node: int) -> int:
        """Which device it is; 0 of all others."""
        return self._rdevs.get(node, 0)

    def xattrs(self, node: int) -> Mapping[bytes, bytes]:
        """Its extended attributes."""
        return self._xattr_sets[self._xattrs[node]] if node < len(self._xattrs) else _NO_XATTRS

    def is_readable(self, node: int) -> bool:
        """Whether the client's user may read it, or enter it."""
        return node >= len(self._unreadable) or not self._unreadable[node]

    @property
    def has_xattrs(self) -> bool:
        """Whether anything has any."""
        return bool(self._xattr_names)

    @property
    def has_acls(self) -> bool:
        """Whether any of those is an ACL."""
        return any(name.startswith(_ACL) for name in self._xattr_names)

    @property
    def has_other_xattrs(self) -> bool:
        """Whether any of those is none."""
        return not all(name.startswith(_ACL) for name in self._xattr_names)
