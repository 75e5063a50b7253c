"""A client with files in memory behind SFTP packets, and a kernel that writes down what it is told."""

from __future__ import annotations

import errno
import stat
import struct
from collections import deque
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from appliance.pull.listing.entry import Entry
from appliance.pull.listing.holes import Holes
from appliance.pull.listing.tree import Tree
from appliance.pull.pullfs.ahead import Ahead
from appliance.pull.pullfs.fetching import Fetching
from appliance.pull.pullfs.lane import Lane
from appliance.pull.pullfs.order import reading_order
from appliance.pull.pullfs.pace import Pace
from appliance.pull.pullfs.pieces import PIECE_BYTES
from appliance.pull.pullfs.transfer import Wanted
from appliance.pull.sftp.packets import Attributes
from appliance.pull.sftp.replies import END_OF_FILE, NO_PERMISSION, NO_SUCH_FILE, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from appliance.pull.sftp.packets import Request

LISTED_AT = 1_700_000_000


@dataclass
class ClientFile:
    """One file: its bytes, when it was changed (whole seconds), whether it may be read, its mode and its owner."""

    data: bytes = field(repr=False)
    mtime: int = LISTED_AT
    is_readable: bool = True
    mode: int = stat.S_IFREG | 0o644
    owner: tuple[int, int] = (0, 0)


@dataclass
class FakeSftp:
    """Answers the oldest request at each `step`, as OpenSSH's server does.

    `limits` is what it says to who asks for them; with None it never does.
    """

    files: dict[bytes, ClientFile]
    tells_limits: bool = False
    limits: Reply | None = None
    asked_limits: int = 0
    queue: deque[tuple[Request, Callable[[Reply], None]]] = field(default_factory=deque)
    opened: list[bytes] = field(default_factory=list)
    handles: set[bytes] = field(default_factory=set)
    most_handles: int = 0
    bytes_read: int = 0
    reads: int = 0

    def post(self, request: Request, then: Callable[[Reply], None]) -> None:
        """Take a request."""
        self.queue.append((request, then))

    def step(self) -> None:
        """Answer one."""
        request, then = self.queue.popleft()
        reply = self._answer(request)
        if reply is not None:
            then(reply)

    def settle(self) -> None:
        """Answer until nobody asks any more."""
        while self.queue:
            self.step()

    def _answer(self, request: Request) -> Reply | None:
        (length,) = struct.unpack_from(">I", request.body)
        subject, rest = request.body[4 : 4 + length], request.body[4 + length :]
        match request.kind:
            case 3:  # open
                return self._open(subject)
            case 4:  # close
                self.handles.remove(subject)
                return Reply()
            case 5:  # read
                self.reads += 1
                return self._read(subject, *struct.unpack(">QI", rest))
            case 8:  # fstat
                found = self._behind(subject)
                told = Attributes(size=len(found.data), owner=found.owner, mode=found.mode, mtime=found.mtime)
                return Reply(attributes=told)
            case 200:  # extended
                assert (subject, rest) == (b"limits@openssh.com", b"")
                self.asked_limits += 1
                return self.limits
            case kind:
                raise AssertionError(kind)

    def _open(self, path: bytes) -> Reply:
        found = self.files.get(path)
        if found is None or not found.is_readable:
            return Reply(code=NO_SUCH_FILE if found is None else NO_PERMISSION)
        self.opened.append(path)
        handle = b"%d:%s" % (len(self.opened), path)
        self.handles.add(handle)
        self.most_handles = max(self.most_handles, len(self.handles))
        return Reply(handle=handle)

    def _read(self, handle: bytes, offset: int, length: int) -> Reply:
        data = self._behind(handle).data[offset : offset + length]
        self.bytes_read += len(data)
        return Reply(data=data) if data else Reply(code=END_OF_FILE)

    def _behind(self, handle: bytes) -> ClientFile:
        assert handle in self.handles, "a closed file is asked about"
        return self.files[handle.partition(b":")[2]]


@dataclass
class FakeKernel:
    """Keeps every answer, and the order of what it was told."""

    given: dict[int, bytes] = field(default_factory=dict)
    refused: dict[int, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    stored: dict[int, bytes] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)
    # What was read and has no answer yet.
    read: dict[int, int] = field(default_factory=dict)

    def give(self, unique: int, parts: list[memoryview]) -> None:
        """Keep the data."""
        self.given[unique] = b"".join(parts)
        self.read.pop(unique, None)
        self.told.append(f"data {unique}")

    def refuse(self, unique: int, error: int) -> None:
        """Keep the errno."""
        self.refused[unique] = error
        self.read.pop(unique, None)
        self.told.append(f"{errno.errorcode[error]} {unique}")

    def store(self, node: int, parts: list[memoryview]) -> bool:
        """Keep the data, unless the file is one that it does not know."""
        assert node not in self.read.values(), "a real kernel would wait for ever"
        if node in self.unknown:
            return False
        self.stored[node] = b"".join(parts)
        return True

    def forget_attributes(self, node: int) -> None:
        """Keep that."""
        self.told.append(f"forget {node}")


def tree_of(files: Mapping[bytes, ClientFile]) -> Tree:
    """The listing of these files, all of them directly below the root, in the order of their inodes."""
    tree = Tree()
    tree.add(entry(b"/", stat.S_IFDIR | 0o755, inode=2))
    for number, (path, file) in enumerate(files.items(), start=10):
        tree.add(entry(path, stat.S_IFREG | 0o644, inode=number, size=len(file.data), mtime=file.mtime))
    tree.finish()
    return tree


def entry(path: bytes, mode: int, *, inode: int, size: int = 0, mtime: int = LISTED_AT, blocks: int = 0) -> Entry:
    """One entry of a listing."""
    moment = mtime * 10**9
    return Entry(
        path=path, mode=mode, uid=0, gid=0, size=size, nlink=1, inode=inode, device=1, blocks=blocks,
        mtime_ns=moment, ctime_ns=moment,
    )  # fmt: skip


@dataclass
class FakeLanes:
    """Both ways to the same client, each with a server of its own."""

    plain: Lane
    second: Lane | None
    packed_asked: int = 0

    def packed(self) -> Lane | None:
        """Give the second one, if there is one."""
        self.packed_asked += 1
        return self.second


class World:
    """A client, its listing, and who fetches."""

    def __init__(
        self,
        files: dict[bytes, ClientFile],
        *,
        unexpected: tuple[bytes, ...] = (),
        sparse: tuple[bytes, ...] = (),
        apart: tuple[bytes, ...] = (),
        holes: Mapping[bytes, Sequence[tuple[int, int]]] = MappingProxyType({}),
        lets_in_again: bool = True,
    ) -> None:
        """`unexpected` are files that Borg is thought to know, `sparse` are listed as such, `apart` are in no order.

        `holes` are what the client says of these files: where each begins and ends.
        """
        self.client, self.packed = FakeSftp(files), FakeSftp(files)
        self.kernel = FakeKernel()
        self.tree = tree_of(files)
        known = {self.node(path) for path in unexpected}
        self.done_with: list[int] = []
        self.seconds = 0.0
        left_out = {self.node(path) for path in apart}
        order = (node for node in reading_order(self.tree, ("/",)) if node not in left_out)
        ahead = Ahead(order, len(self.tree) + 1, lambda node: node not in known)
        plain, second = (Lane(server.post, Pace(self.clock)) for server in (self.client, self.packed))
        self.lanes = FakeLanes(plain, second if lets_in_again else None)
        with_holes = {self.node(path) for path in sparse}
        self.fetching = Fetching(
            self.tree,
            ahead,
            self.lanes,
            self.kernel,
            is_sparse=with_holes.__contains__,
            holes={self.node(path): Holes(told, len(files[path].data), PIECE_BYTES) for path, told in holes.items()},
            done_with=self.done_with.append,
        )
        self._unique = 0

    def settle(self) -> None:
        """Let both servers answer until nobody asks any more."""
        while self.client.queue or self.packed.queue:
            for server in (self.client, self.packed):
                if server.queue:
                    server.step()

    def clock(self) -> float:
        """The time, which passes as the test says."""
        return self.seconds

    def node(self, path: bytes) -> int:
        """Its node."""
        node = self.tree.find(path)
        assert node is not None
        return node

    def read(self, path: bytes, offset: int = 0, length: int = 1 << 17) -> int:
        """Have the kernel read; returns the number of the request."""
        self._unique += 1
        self.kernel.read[self._unique] = self.node(path)
        self.fetching.read(self.node(path), Wanted(self._unique, offset, length))
        return self._unique

    def list_all(self) -> None:
        """Have the kernel list the folder of all files to its end; nobody reads meanwhile."""
        self.fetching.hand_over(self.tree.children(self.node(b"/")))

    def read_whole(self, path: bytes) -> bytes:
        """Read as Borg does, one piece of the kernel's after the other; the client answers meanwhile."""
        read = []
        for offset in range(0, self.tree.size(self.node(path)), 1 << 17):
            number = self.read(path, offset)
            self.settle()
            read.append(self.kernel.given[number])
        return b"".join(read)
