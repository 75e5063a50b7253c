"""Every file of a client in little memory: columns of numbers, about a hundred bytes a file and its name."""

from __future__ import annotations

import stat
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.pull.listing.entry import Entry, Hostile
from appliance.pull.listing.inodes import show_inodes
from appliance.pull.listing.names import FIRST, Names, shown
from appliance.pull.listing.order import Order
from appliance.pull.listing.rarities import Rarities

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

ROOT = FIRST
LIMIT_ENTRIES = 10_000_000
# What a tree may take in memory: enough for every client that has LIMIT_ENTRIES files of ordinary names.
LIMIT_BYTES = 1536 << 20
# Columns, the table of names and the order of children; measured, rounded up.
_BYTES_PER_ENTRY = 110
_MOST_DEVICES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The same fields of many entries, one sequence for each: what Entry says of one. No field is checked yet."""

    mode: Sequence[int]
    uid: Sequence[int]
    gid: Sequence[int]
    size: Sequence[int]
    nlink: Sequence[int]
    inode: Sequence[int]
    device: Sequence[int]
    mtime_ns: Sequence[int]
    ctime_ns: Sequence[int]
    blocks: Sequence[int]


class Tree:
    """Nodes are numbers, and ROOT is the root. Build it by `add` (or `place` and `extend`), then `finish` it once.

    Parents come before their children. Before `finish`, `inode` and `children` say nothing.
    """

    def __init__(self, *, limit_entries: int = LIMIT_ENTRIES, limit_bytes: int = LIMIT_BYTES) -> None:
        """Begin without any node; the limits end in Hostile."""
        self._limits = limit_entries, limit_bytes
        self._names = Names()
        self._modes, self._uids, self._gids, self._nlinks = (array("I", [0]) for _ in range(4))
        self._sizes, self._inodes, self._blocks = (array("Q", [0]) for _ in range(3))
        self._mtimes, self._ctimes = (array("q", [0]) for _ in range(2))
        self._devices = array("H", [_MOST_DEVICES - 1])
        self._device_numbers: dict[int, int] = {}
        self._devices_seen: list[int] = []
        self._rarities = Rarities()
        self._order = Order(array("I", [0, 0]), self._inodes, self._names.name)

    def __len__(self) -> int:
        """How many files, folders and all else there are."""
        return len(self._names) - 1

    # Building

    def add(self, entry: Entry) -> int:
        """Add one entry, whose parent is there; raises Hostile where that is no folder, or the entry is there."""
        if entry.path == b"/":
            node = self.place_root()
        else:
            folder, _, name = entry.path.rpartition(b"/")
            parent = self.find(folder or b"/")
            if parent is None:
                raise Hostile(f"the listing has {shown(entry.path)}, and not the folder that it is in")
            node = self.place([parent], [name])
        columns = {name: (getattr(entry, name),) for name in Fields.__slots__}
        self.extend(Fields(**columns))
        if entry.target:
            self.set_target(node, entry.target)
        if entry.rdev:
            self.set_rdev(node, entry.rdev)
        if entry.xattrs:
            self.set_xattrs(node, entry.xattrs)
        if not entry.readable:
            self.mark_unreadable(node)
        return node

    def add_unseen(self, parent: int, name: bytes) -> int:
        """Add what is there and could not be looked at: a file that nobody can read.

        It shows a byte: of an empty one the kernel asks for no data (since Linux 5.16), so that nobody could refuse.
        """
        node = self.place([parent], [name])
        zeros = dict.fromkeys(Fields.__slots__, (0,))
        device = self._devices_seen[self._devices[parent]]
        known = {"mode": (stat.S_IFREG,), "nlink": (1,), "size": (1,), "device": (device,)}
        self.extend(Fields(**zeros | known))
        self.mark_unreadable(node)
        return node

    def place_root(self) -> int:
        """Make the root; its fields are to follow by `extend`. Raises Hostile for a second one."""
        if len(self):
            raise Hostile("the listing has the root twice")
        self._names.append_root()
        return ROOT

    def place(self, parents: Sequence[int], names: Sequence[bytes]) -> int:
        """Make the next nodes and return the first; their fields are to follow by `extend`, in the same order.

        A parent may be one of them that comes before. Raises Hostile for names that cannot be, or are there.
        """
        first = len(self._names)
        if first + len(names) > self._limits[0]:
            raise Hostile(f"the listing has more than {self._limits[0]} entries")
        self._names.extend(parents, names)
        return first

    def extend(self, fields: Fields) -> None:
        """Add the fields of the nodes placed last; raises Hostile for a number that no file has."""
        try:
            self._modes.extend(fields.mode)
            self._uids.extend(fields.uid)
            self._gids.extend(fields.gid)
            self._nlinks.extend(fields.nlink)
            self._sizes.extend(fields.size)
            self._inodes.extend(fields.inode)
            self._blocks.extend(fields.blocks)
            self._mtimes.extend(fields.mtime_ns)
            self._ctimes.extend(fields.ctime_ns)
        except (OverflowError, TypeError, ValueError) as error:
            raise Hostile(f"the listing has a number that no file has ({error})") from error
        for number in set(fields.device).difference(self._device_numbers):
            self._device_numbers[number] = len(self._devices_seen)
            self._devices_seen.append(number)
        if len(self._device_numbers) >= _MOST_DEVICES:
            raise Hostile("the listing names more file systems than a machine can have")
        self._devices.extend(map(self._device_numbers.__getitem__, fields.device))
        self._check_room()

    def set_target(self, node: int, target: bytes) -> None:
        """Say where a symbolic link leads."""
        self._rarities.set_target(node, target)
        self._check_room()

    def set_rdev(self, node: int, rdev: int) -> None:
        """Say which device it is."""
        self._rarities.set_rdev(node, rdev)

    def set_xattrs(self, node: int, xattrs: tuple[tuple[bytes, bytes], ...]) -> None:
        """Say which extended attributes it has."""
        self._rarities.set_xattrs(node, xattrs)
        self._check_room()

    def mark_unreadable(self, node: int) -> None:
        """Say that the client's user may not read it, or not enter it."""
        self._rarities.mark_unreadable(node)

    def mark_readable(self, node: int) -> None:
        """Take that back."""
        self._rarities.mark_readable(node)

    def finish(self, leading: Collection[int] = ()) -> None:
        """Order the children and settle which inode numbers are shown; raises Hostile for what is no tree.

        `leading` are nodes that lead to what was asked for. Where one is a link, the client has followed it and listed
        what lies beyond: nobody gets there, since a link has no children for the kernel, and whoever walks the path
        meets the link.
        """
        if not len(self):
            raise Hostile("the listing has no root")
        parents = self._names.parents
        self._check_parents(parents, leading)
        show_inodes(self._inodes, self._devices, parents, path=self.path, has_links=self._has_links)
        self._order = Order(parents, self._inodes, self._names.name)

    # Asking

    def lookup(self, parent: int, name: bytes) -> int | None:
        """Find the child of that name."""
        return self._names.lookup(parent, name)

    def find(self, path: bytes) -> int | None:
        """Find a node by its absolute path."""
        node: int | None = ROOT if len(self) else None
        for name in filter(None, path.split(b"/")):
            if node is None:
                return None
            node = self._names.lookup(node, name)
        return node

    def children(self, node: int) -> Sequence[int]:
        """Every child, ordered by the inode number that is shown, then by name: the order in which Borg reads."""
        return self._order.children(node)

    def name(self, node: int) -> bytes:
        """The name; b"" of the root."""
        return self._names.name(node)

    def parent(self, node: int) -> int:
        """The folder it is in; 0 of the root."""
        return self._names.parents[node]

    def path(self, node: int) -> bytes:
        """The absolute path."""
        names = []
        while node > ROOT:
            names.append(self._names.name(node))
            node = self._names.parents[node]
        return b"/" + b"/".join(reversed(names))

    def mode(self, node: int) -> int:
        """Type and permissions."""
        return self._modes[node]

    def uid(self, node: int) -> int:
        """The owner."""
        return self._uids[node]

    def gid(self, node: int) -> int:
        """The group."""
        return self._gids[node]

    def size(self, node: int) -> int:
        """Bytes."""
        return self._sizes[node]

    def nlink(self, node: int) -> int:
        """How many names the client says that it has."""
        return self._nlinks[node]

    def inode(self, node: int) -> int:
        """The number to show: one for each file, the same from run to run."""
        return self._inodes[node]

    def rdev(self, node: int) -> int:
        """Which device it is, as makedev has it; 0 of all others."""
        return self._rarities.rdev(node)

    def mtime_ns(self, node: int) -> int:
        """When its content changed, in nanoseconds since 1970."""
        return self._mtimes[node]

    def ctime_ns(self, node: int) -> int:
        """When anything of it changed, in nanoseconds since 1970."""
        return self._ctimes[node]

    def blocks(self, node: int) -> int:
        """What it takes on the client's disk, in units of 512 bytes; 0 where that is not known."""
        return self._blocks[node]

    def smaller_on_disk(self, least: int) -> Iterator[int]:
        """Return each node that takes at least so many bytes less on the client's disk than its size."""
        numbers = enumerate(zip(self._sizes, self._blocks, strict=True))
        return (node for node, (size, blocks) in numbers if size - 512 * blocks >= least)

    def is_readable(self, node: int) -> bool:
        """Whether the client's user may read it, or enter it."""
        return self._rarities.is_readable(node)

    def target(self, node: int) -> bytes:
        """Where a symbolic link leads."""
        return self._rarities.target(node)

    def xattrs(self, node: int) -> Mapping[bytes, bytes]:
        """Its extended attributes, ACLs among them."""
        return self._rarities.xattrs(node)

    @property
    def has_xattrs(self) -> bool:
        """Whether anything has any."""
        return self._rarities.has_xattrs

    @property
    def has_acls(self) -> bool:
        """Whether any of those is an ACL."""
        return self._rarities.has_acls

    @property
    def has_other_xattrs(self) -> bool:
        """Whether any of those is none."""
        return self._rarities.has_other_xattrs

    def update(self, node: int, *, mode: int, owner: tuple[int, int], size: int, mtime_ns: int, ctime_ns: int) -> None:
        """Take what a fresh look says; the type must be the same. Raises Hostile for a number that no file has."""
        if stat.S_IFMT(mode) != stat.S_IFMT(self._modes[node]):
            raise Hostile(f"a file was said to have become of another type: {shown(self.path(node))}")
        try:
            self._modes[node], self._sizes[node] = mode, size
            self._uids[node], self._gids[node] = owner
            self._mtimes[node], self._ctimes[node] = mtime_ns, ctime_ns
        except OverflowError as error:
            raise Hostile(f"the client says a number that no file has ({error})") from error

    def _has_links(self, node: int) -> bool:
        return self._nlinks[node] > 1 and not stat.S_ISDIR(self._modes[node])

    def _check_parents(self, parents: array[int], leading: Collection[int]) -> None:
        folders = bytearray(map(stat.S_ISDIR, self._modes))
        folders[0] = True
        for node in leading:
            folders[node] |= stat.S_ISLNK(self._modes[node])
        for node, parent in enumerate(parents):
            if not folders[parent]:
                raise Hostile(f"the listing has something within what is no folder: {shown(self.path(node))}")

    def _check_room(self) -> None:
        taken = len(self) * _BYTES_PER_ENTRY + self._names.text_bytes + self._rarities.taken_bytes
        if taken > self._limits[1]:
            raise Hostile(f"the listing takes more than {self._limits[1] >> 20} MiB of memory")
