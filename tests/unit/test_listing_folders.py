"""A client that offers SFTP alone: what its folders come to, and what a lying server gets."""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from appliance.pull.listing.entry import Hostile
from appliance.pull.listing.folders import Folders
from appliance.pull.listing.request import Request, request_for
from appliance.pull.listing.tree import Tree
from appliance.pull.sftp.packets import Attributes
from appliance.pull.sftp.replies import Reply

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.pull.sftp import packets

Then = Callable[[Reply], None]
_CODES = {errno.ENOENT: 2, errno.EACCES: 3}


def attributes(path: bytes) -> Attributes:
    found = os.lstat(path)
    return Attributes(
        size=found.st_size, owner=(found.st_uid, found.st_gid), mode=found.st_mode, mtime=int(found.st_mtime)
    )


class Client:
    """An SFTP server of real folders that answers later, in the order of the requests."""

    def __init__(self) -> None:
        self.asked: deque[tuple[packets.Request, Then]] = deque()
        self.most_open = 0
        self.left: dict[bytes, list[bytes]] = {}

    def post(self, request: packets.Request, then: Then) -> None:
        self.asked.append((request, then))

    def answer(self, request: packets.Request) -> Reply:
        (length,) = struct.unpack_from(">I", request.body)
        text = request.body[4 : 4 + length]
        try:
            return self.reply(request.kind, text)
        except OSError as error:
            return Reply(code=_CODES.get(error.errno or 0, 4))

    def reply(self, kind: int, text: bytes) -> Reply:
        match kind:
            case 4:
                del self.left[text]
            case 7:
                return Reply(attributes=attributes(text))
            case 11:
                self.left[text] = [b".", b"..", *os.listdir(text)]  # noqa: PTH208 - bytes
                self.most_open = max(self.most_open, len(self.left))
                return Reply(handle=text)
            case 12:
                return self.names(text)
            case 19:
                return Reply(names=((os.readlink(text), Attributes()),))  # noqa: PTH115 - bytes
            case _:
                pass
        return Reply()

    def names(self, folder: bytes) -> Reply:
        portion, self.left[folder] = self.left[folder][:3], self.left[folder][3:]
        if not portion:
            return Reply(code=1)
        return Reply(names=tuple((name, attributes(folder + b"/" + name)) for name in portion))

    def list(self, request: Request, tree: Tree | None = None) -> Tree:
        tree = Tree(limit_entries=2000) if tree is None else tree
        folders = Folders(self.post, request, tree)
        folders.begin()
        while self.asked:
            wanted, then = self.asked.popleft()
            then(self.answer(wanted))
        assert folders.is_over
        folders.finish()
        return tree


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    for number in range(100):
        (root / f"{number}" / "deep").mkdir(parents=True)
        (root / f"{number}" / "deep" / "file").write_bytes(b"x" * number)
    (root / os.fsdecode(b"\xff\n")).touch()
    (root / "link").symlink_to("../\nnowhere")
    return root


def at(tree: Tree, path: Path) -> int:
    node = tree.find(os.fsencode(path))
    assert node is not None
    return node


def test_every_file_comes_with_what_sftp_knows_of_it(source: Path) -> None:
    client = Client()

    tree = client.list(request_for([str(source)]))

    everything = [source, *source.rglob("*")]
    assert len(tree) == len(everything) + len(source.parents)
    for path in everything:
        node, here = at(tree, path), path.lstat()
        assert (tree.mode(node), tree.uid(node), tree.gid(node)) == (here.st_mode, here.st_uid, here.st_gid)
        assert (tree.size(node), tree.nlink(node)) == (here.st_size, 1)
        assert tree.mtime_ns(node) == tree.ctime_ns(node) == here.st_mtime_ns // 10**9 * 10**9
    assert tree.target(at(tree, source / "link")) == b"../\nnowhere"
    assert len({tree.inode(node) for node in range(1, len(tree) + 1)}) == len(tree)
    assert client.left == {}
    assert 32 < client.most_open <= 64


def test_inode_numbers_stay(source: Path) -> None:
    first, second = (Client().list(request_for([str(source)])) for _ in range(2))

    assert first.inode(at(first, source / "7")) == second.inode(at(second, source / "7"))


def test_excluded_folders_are_not_opened(source: Path) -> None:
    tree = Client().list(request_for([str(source)], [f"{source}/7"]))

    assert tree.find(os.fsencode(source / "7")) is None
    assert tree.find(os.fsencode(source / "8/deep/file")) is not None


def test_what_leads_to_the_paths_is_not_read(source: Path) -> None:
    tree = Client().list(request_for([str(source / "3"), str(source / "gone" / "far")]))

    assert len(tree) == 1 + len(source.parents) + 3


def test_a_folder_that_cannot_be_read_whole_is_unreadable(source: Path) -> None:
    class Broken(Client):
        def names(self, folder: bytes) -> Reply:
            return Reply(code=4) if folder == os.fsencode(source / "5") else super().names(folder)

        def reply(self, kind: int, text: bytes) -> Reply:
            if (kind, text) in ((11, os.fsencode(source / "6")), (19, os.fsencode(source / "link"))):
                raise PermissionError(errno.EACCES, "no")
            return super().reply(kind, text)

    tree = Broken().list(request_for([str(source)]))

    unreadable = {tree.path(node) for node in range(1, len(tree) + 1) if not tree.is_readable(node)}
    assert unreadable == {os.fsencode(source / name) for name in ("5", "6", "link")}


FOLDER = Attributes(mode=stat.S_IFDIR | 0o755)


class Lying(Client):
    """Its every folder has these names, for ever or once."""

    def __init__(self, *names: tuple[bytes, Attributes], forever: bool = False) -> None:
        super().__init__()
        self.lies, self.forever = names, forever

    def reply(self, kind: int, text: bytes) -> Reply:
        if kind == 7:
            return Reply(attributes=FOLDER)
        if kind == 11:
            self.left[text] = [b"once"]
            return Reply(handle=text)
        return super().reply(kind, text)

    def names(self, folder: bytes) -> Reply:
        if not self.forever and not self.left[folder]:
            return Reply(code=1)
        self.left[folder] = []
        return Reply(names=self.lies)


@pytest.mark.parametrize(
    "client",
    [
        Lying((b"a/b", FOLDER)),
        Lying((b"", FOLDER)),
        Lying((b"n" * 256, FOLDER)),
        Lying((b"a", Attributes())),
        Lying((b"a", Attributes(mode=stat.S_IFREG, size=2**64))),
        Lying((b"a", FOLDER), (b"b", FOLDER)),
        Lying((b"a", Attributes(mode=stat.S_IFREG)), forever=True),
    ],
)
def test_a_lying_server_is_refused_within_bounds(client: Client) -> None:
    with pytest.raises(Hostile):
        client.list(request_for(["/"]))


def test_folders_without_end_end_at_the_longest_path() -> None:
    tree = Lying((b"d" * 200, FOLDER)).list(request_for(["/"]))

    assert len(tree) == 22
    assert [tree.is_readable(node) for node in (21, 22)] == [True, False]


def test_a_path_beyond_a_link_is_not_reached(source: Path) -> None:
    (source.parent / "lane").symlink_to(source)

    tree = Client().list(request_for([f"{source.parent}/lane/0"]))

    lane = at(tree, source.parent / "lane")
    assert (tree.target(lane), list(tree.children(lane))) == (os.fsencode(source), [])


def test_a_client_without_a_root_is_refused() -> None:
    class Nothing(Client):
        def reply(self, kind: int, text: bytes) -> Reply:  # noqa: ARG002 - it answers all alike
            return Reply(code=3)

    with pytest.raises(Hostile, match="no folder /"):
        Nothing().list(request_for(["/"]))
