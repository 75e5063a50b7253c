"""What the kernel asks is answered out of the listing, in the kernel's own words."""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from appliance.pull.listing.entry import Entry
from appliance.pull.listing.tree import Tree
from appliance.pull.pullfs import wire
from appliance.pull.pullfs.serving import Serving
from appliance.pull.pullfs.transfer import Wanted
from appliance.pull.pullfs.wire import Opcode, Request
from appliance.pull.sftp.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.pull.sftp.packets import Request as SftpRequest

NO_OPEN, READDIRPLUS = 1 << 17, 1 << 13
LAST_NANOSECOND = 1_700_000_000_123_456_789


@dataclass
class FakeDevice:
    """A kernel: asks what it was given to ask, and keeps what it is told."""

    asked: deque[Request] = field(default_factory=deque)
    told: list[bytes] = field(default_factory=list)
    takes: bool = True

    def fileno(self) -> int:
        return -1

    def next(self) -> Request | None:
        return self.asked.popleft() if self.asked else None

    def say(self, packet: tuple[bytes | memoryview, ...]) -> bool:
        self.told.append(b"".join(packet))
        return self.takes


class Fetcher:
    """Keeps what is to be read."""

    def __init__(self, device: FakeDevice) -> None:
        self._device = device
        self.wanted: list[tuple[int, Wanted]] = []
        # With how much the kernel was told of that request before.
        self.handed: list[tuple[tuple[int, ...], int]] = []

    def read(self, node: int, wanted: Wanted) -> None:
        self.wanted.append((node, wanted))

    def hand_over(self, nodes: Sequence[int]) -> None:
        self.handed.append((tuple(nodes), len(self._device.told)))


class Mount:
    """A file system over a small tree."""

    def __init__(self, *more: Entry) -> None:
        self.tree = Tree()
        self.tree.add(Entry(path=b"/", mode=stat.S_IFDIR | 0o755, inode=2, nlink=3))
        for one in more:
            self.tree.add(one)
        self.tree.finish()
        self.device = FakeDevice()
        self.posted: list[tuple[SftpRequest, object]] = []
        self.fetcher = Fetcher(self.device)
        self.serving = Serving(self.device, self.tree, lambda request, then: self.posted.append((request, then)))
        self.serving.serve_from(self.fetcher)

    def ask(self, opcode: int, node: int = wire.ROOT, body: bytes = b"") -> tuple[int, bytes]:
        """Ask, and return the errno (0 for none) and the answer's body."""
        self.device.asked.append(Request(opcode, 77, node, memoryview(body)))
        self.device.told.clear()
        self.serving.answer_all()
        (told,) = self.device.told
        length, error, unique = struct.unpack_from("=IiQ", told)
        assert (length, unique) == (len(told), 77)
        return -error, told[16:]

    def node(self, path: bytes) -> int:
        node = self.tree.find(path)
        assert node is not None
        return node


def file(path: bytes, **more: object) -> Entry:
    return Entry(path=path, mode=stat.S_IFREG | 0o640, inode=300, size=5, **more)  # type: ignore[arg-type]


def attributes(body: bytes) -> tuple[int, ...]:
    return struct.unpack("=QQQQQQIIIIIIIIII", body[-88:])


def read_in(offset: int, length: int) -> bytes:
    return struct.pack("=QQIIQII", 0, offset, length, 0, 0, 0, 0)


def test_the_kernel_is_told_that_nothing_has_to_be_opened() -> None:
    mount = Mount(file(b"/a"))
    error, body = mount.ask(Opcode.INIT, 0, struct.pack("=IIII", 7, 45, 131072, 0xFFFFFFFF))
    assert error == 0
    assert struct.unpack_from("=IIII", body)[3] & (NO_OPEN | READDIRPLUS) == NO_OPEN | READDIRPLUS
    assert mount.ask(Opcode.OPEN, mount.node(b"/a"))[0] == errno.ENOSYS


def test_a_kernel_that_must_open_files_may() -> None:
    mount = Mount(file(b"/a"))
    mount.ask(Opcode.INIT, 0, struct.pack("=IIII", 7, 23, 131072, READDIRPLUS))
    assert mount.ask(Opcode.OPEN, mount.node(b"/a"))[0] == 0


def test_a_kernel_that_is_too_old_is_refused_with_a_sentence() -> None:
    with pytest.raises(wire.WrongKernelError, match=r"Linux 3\.15"):
        Mount().ask(Opcode.INIT, 0, struct.pack("=IIII", 7, 19, 131072, 0))


def test_attributes_are_the_clients_own_to_the_nanosecond() -> None:
    device = os.makedev(8, 17)
    entry = Entry(
        path=b"/sdb1",
        mode=stat.S_IFBLK | 0o660,
        uid=3,
        gid=6,
        nlink=2,
        inode=4711,
        rdev=device,
        mtime_ns=LAST_NANOSECOND,
        ctime_ns=-1,
    )
    mount = Mount(entry)
    found = attributes(mount.ask(Opcode.GETATTR, mount.node(b"/sdb1"))[1])
    seconds, part = divmod(LAST_NANOSECOND, 10**9)
    assert found[:6] == (4711, 0, 0, seconds, seconds, 0xFFFFFFFFFFFFFFFF)
    assert found[6:14] == (part, part, 999_999_999, stat.S_IFBLK | 0o660, 2, 3, 6, device)


def test_a_name_that_is_not_there_is_remembered_as_such() -> None:
    error, body = Mount(file(b"/a")).ask(Opcode.LOOKUP, body=b"b\0")
    assert (error, struct.unpack_from("=Q", body)[0]) == (0, 0)


def test_a_folder_is_listed_in_portions_with_all_attributes() -> None:
    names = [b"%03d" % number for number in range(100)]
    mount = Mount(*(Entry(path=b"/" + name, mode=stat.S_IFREG, inode=1000 - int(name)) for name in names))
    heard: list[bytes] = []
    while body := mount.ask(Opcode.READDIRPLUS, body=read_in(len(heard), 4096))[1]:
        place = 0
        while place < len(body):
            (length,) = struct.unpack_from("=I", body, place + 128 + 16)
            heard.append(body[place + 128 + 24 :][:length])
            place += 128 + (24 + length + 7) // 8 * 8
    # By inode, which is how Borg reads.
    assert heard == names[::-1]


def test_what_the_kernel_has_taken_in_of_a_folder_is_handed_over_while_it_waits_for_the_rest() -> None:
    mount = Mount(*(Entry(path=b"/%03d" % number, mode=stat.S_IFREG, inode=10 + number) for number in range(100)))
    children = tuple(mount.tree.children(wire.ROOT))
    for offset in (0, 20, 20, 100):
        mount.ask(Opcode.READDIRPLUS, body=read_in(offset, 4096))
    # Before the answer: after it Borg may be reading one of them, and the kernel would wait for ever.
    assert mount.fetcher.handed == [((), 0), (children[:20], 0), ((), 0), (children[20:], 0)]


def test_while_somebody_else_may_be_reading_nothing_is_handed_over() -> None:
    mount = Mount(file(b"/a"))
    for opcode, caller in ((Opcode.READ, 5), (Opcode.READDIRPLUS, 5), (Opcode.READDIRPLUS, 6), (Opcode.READ, 6)):
        mount.device.asked.append(Request(opcode, 1, wire.ROOT, memoryview(read_in(0, 4096)), caller))
    mount.device.asked.append(Request(Opcode.READDIRPLUS, 1, wire.ROOT, memoryview(read_in(0, 4096)), 5))
    mount.serving.answer_all()
    assert len(mount.fetcher.handed) == 1


def test_a_folder_that_is_listed_once_more_is_handed_over_once_more() -> None:
    mount = Mount(file(b"/a"))
    for offset in (0, 1, 0, 1):
        mount.ask(Opcode.READDIRPLUS, body=read_in(offset, 4096))
    (child,) = mount.tree.children(wire.ROOT)
    assert [nodes for nodes, _ in mount.fetcher.handed] == [(), (child,), (), (child,)]


def test_names_without_entries_hand_over_nothing() -> None:
    mount = Mount(file(b"/a"))
    for offset in (0, 1):
        mount.ask(Opcode.READDIR, body=read_in(offset, 4096))
    assert mount.fetcher.handed == []


def test_a_whole_file_is_put_into_the_kernels_pages_which_may_not_want_it() -> None:
    mount = Mount(file(b"/a"))
    assert mount.serving.store(7, [memoryview(b"one"), memoryview(b"two")])
    assert mount.device.told == [struct.pack("=IiQ", 46, 4, 0) + struct.pack("=QQII", 7, 0, 6, 0) + b"onetwo"]
    mount.device.takes = False
    assert not mount.serving.store(8, [memoryview(b"one")])


def test_a_folder_that_may_not_be_read_says_so() -> None:
    mount = Mount(Entry(path=b"/root", mode=stat.S_IFDIR | 0o700, inode=5, readable=False))
    assert mount.ask(Opcode.OPENDIR, mount.node(b"/root"))[0] == errno.EACCES


def test_whoever_lists_the_root_waits_for_the_client() -> None:
    mount = Mount()
    mount.device.asked.append(Request(Opcode.OPENDIR, 78, wire.ROOT, memoryview(b"")))
    mount.serving.answer_all()
    assert mount.device.told == []
    ((_, then),) = mount.posted
    then(Reply())  # type: ignore[operator]
    assert len(mount.device.told) == 1


def test_a_link_says_where_it_leads() -> None:
    mount = Mount(Entry(path=b"/l", mode=stat.S_IFLNK | 0o777, inode=5, target=b"../\xff"), file(b"/a"))
    assert mount.ask(Opcode.READLINK, mount.node(b"/l")) == (0, b"../\xff")
    assert mount.ask(Opcode.READLINK, mount.node(b"/a"))[0] == errno.EINVAL


def test_a_link_that_nobody_could_read_is_refused_and_no_link_to_nowhere() -> None:
    gone = Entry(path=b"/gone", mode=stat.S_IFLNK | 0o777, inode=5)
    shut = Entry(path=b"/shut", mode=stat.S_IFLNK | 0o777, inode=6, readable=False)
    mount = Mount(gone, shut)
    assert mount.ask(Opcode.READLINK, mount.node(b"/gone"))[0] == errno.ENOENT
    assert mount.ask(Opcode.READLINK, mount.node(b"/shut"))[0] == errno.EACCES


def test_what_is_to_be_asked_for_again_is_said_once_more_where_the_kernel_has_yet_to_take_it_in() -> None:
    mount = Mount(file(b"/a"))
    mount.device.takes = False
    mount.serving.forget_attributes(mount.node(b"/a"))
    (refused,) = mount.device.told
    mount.device.takes = True
    mount.device.told.clear()

    mount.device.asked.append(Request(Opcode.STATFS, 78, wire.ROOT, memoryview(b"")))
    mount.serving.answer_all()
    assert (mount.device.told[0], len(mount.device.told)) == (refused, 2)

    mount.device.asked.append(Request(Opcode.STATFS, 79, wire.ROOT, memoryview(b"")))
    mount.serving.answer_all()
    assert refused not in mount.device.told[2:]


def test_extended_attributes_are_given_and_their_size_first() -> None:
    mount = Mount(file(b"/a", xattrs=((b"user.one", b"1"), (b"user.two", b"22"))), file(b"/b"))
    node = mount.node(b"/a")
    size = struct.pack("=II", 0, 0)
    room = struct.pack("=II", 100, 0)
    assert mount.ask(Opcode.LISTXATTR, node, size) == (0, struct.pack("=II", 18, 0))
    assert mount.ask(Opcode.LISTXATTR, node, room) == (0, b"user.one\0user.two\0")
    assert mount.ask(Opcode.GETXATTR, node, room + b"user.two\0") == (0, b"22")
    assert mount.ask(Opcode.GETXATTR, node, struct.pack("=II", 1, 0) + b"user.two\0")[0] == errno.ERANGE
    assert mount.ask(Opcode.GETXATTR, mount.node(b"/b"), room + b"user.two\0")[0] == errno.ENODATA


def test_where_nothing_has_extended_attributes_the_kernel_need_not_ask_again() -> None:
    mount = Mount(file(b"/a"))
    assert mount.ask(Opcode.LISTXATTR, mount.node(b"/a"), struct.pack("=II", 0, 0))[0] == errno.ENOSYS


def test_reads_go_to_who_fetches() -> None:
    mount = Mount(file(b"/a"))
    mount.device.asked.append(Request(Opcode.READ, 9, mount.node(b"/a"), memoryview(read_in(4096, 8192))))
    mount.serving.answer_all()
    assert mount.fetcher.wanted == [(mount.node(b"/a"), Wanted(9, 4096, 8192))]


@pytest.mark.parametrize("opcode", [Opcode.FORGET, Opcode.BATCH_FORGET, Opcode.INTERRUPT])
def test_what_is_only_told_is_not_answered(opcode: Opcode) -> None:
    mount = Mount()
    mount.device.asked.append(Request(opcode, 9, wire.ROOT, memoryview(bytes(16))))
    mount.serving.answer_all()
    assert mount.device.told == []


@pytest.mark.parametrize(("opcode", "node"), [(4711, wire.ROOT), (Opcode.GETATTR, 99)])
def test_what_is_not_known_is_refused(opcode: int, node: int) -> None:
    assert Mount().ask(opcode, node)[0] in (errno.ENOSYS, errno.ESTALE)
