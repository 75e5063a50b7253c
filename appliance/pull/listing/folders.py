"""The tree of a client that offers SFTP alone: many folders read at a time, each with requests under way."""

from __future__ import annotations

import hashlib
import stat
from collections import deque
from typing import TYPE_CHECKING, Protocol

from appliance.pull.listing.entry import LONGEST_PATH, Hostile
from appliance.pull.listing.tree import Fields
from appliance.pull.sftp import packets
from appliance.pull.sftp.replies import END_OF_FILE, NO_SUCH_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from appliance.pull.listing.request import Request
    from appliance.pull.listing.tree import Tree
    from appliance.pull.sftp.packets import Attributes
    from appliance.pull.sftp.replies import Reply

# sftp-server has room for some hundred open folders, and answers one request after the other: what matters is only that
# it never waits for the next one.
_FOLDERS_AT_A_TIME = 64
_LINKS_AT_A_TIME = 256
_PORTIONS_AHEAD = 2
# A name in two portions is a rename in between; a server that repeats names for ever is none.
_NAMES_PER_ENTRY = 4
_SECOND = 1_000_000_000


class Post(Protocol):
    """How a request is sent without waiting; `then` gets the reply, and may post more."""

    def __call__(self, request: packets.Request, then: Callable[[Reply], None]) -> None:
        """Send it."""


class Folders:
    """`begin`, then hand over replies until `is_over`, then `finish` the tree. Raises Hostile, also out of a `then`.

    SFTP has no inode numbers, links or ctime: numbers are made of the path, so that they stay, every file has one
    name, and ctime is mtime. Times are whole seconds. Attributes may be missing, extended ones always are.
    """

    def __init__(self, post: Post, request: Request, tree: Tree) -> None:
        """Read into an empty tree."""
        self._post, self._tree = post, tree
        self._items = deque(request.items)
        self._prunes = frozenset(request.prunes)
        self._waiting: deque[int] = deque()
        self._links: deque[int] = deque()
        self._folders_open = self._links_asked = self._names = 0
        self._begun = False

    @property
    def is_over(self) -> bool:
        """Whether all is read."""
        return self._begun and not (
            self._items or self._waiting or self._links or self._folders_open or self._links_asked
        )

    def begin(self) -> None:
        """Ask for the first."""
        self._begun = True
        self._next_item()

    def finish(self) -> None:
        """Settle the tree."""
        self._tree.finish()

    def _next_item(self) -> None:
        """Look at what the request names, one after the other: what leads there comes first."""
        if not self._items:
            self._go_on()
            return
        item = self._items[0]

        def then(reply: Reply) -> None:
            self._items.popleft()
            self._add_item(item.path, reply, whole=item.whole)
            self._next_item()

        self._post(packets.look_at(item.path), then)

    def _add_item(self, path: bytes, reply: Reply, *, whole: bool) -> None:
        if path == b"/":
            if not reply.ok or reply.attributes is None or not stat.S_ISDIR(reply.attributes.mode or 0):
                raise Hostile("the client has no folder / that can be looked at")
            node = self._tree.place_root()
            self._add_fields([node], [reply.attributes])
        else:
            folder, _, name = path.rpartition(b"/")
            parent = self._tree.find(folder or b"/")
            if parent is None or not stat.S_ISDIR(self._tree.mode(parent)) or reply.code == NO_SUCH_FILE:
                # Beyond a link too, which the server follows: whoever walks the path meets the link.
                return
            if not reply.ok or reply.attributes is None:
                self._tree.add_unseen(parent, name)
                return
            node = self._tree.place([parent], [name])
            self._add_fields([node], [reply.attributes])
        self._follow([node], whole=whole)

    def _go_on(self) -> None:
        while self._waiting and self._folders_open < _FOLDERS_AT_A_TIME:
            self._folders_open += 1
            # The newest first: so few wait, however many there are.
            _OneFolder(self, self._waiting.pop()).open()
        while self._links and self._links_asked < _LINKS_AT_A_TIME:
            self._links_asked += 1
            self._ask_link(self._links.pop())

    def _ask_link(self, node: int) -> None:
        def then(reply: Reply) -> None:
            self._links_asked -= 1
            if reply.ok and len(reply.names) == 1:
                self._tree.set_target(node, reply.names[0][0])
            else:
                self._tree.mark_unreadable(node)
            self._go_on()

        self._post(packets.read_link(self._tree.path(node)), then)

    def post(self, request: packets.Request, then: Callable[[Reply], None]) -> None:
        """Send for a folder."""
        self._post(request, then)

    def path(self, node: int) -> bytes:
        """Say where a folder is."""
        return self._tree.path(node)

    def closed(self, node: int, *, is_whole: bool) -> None:
        """Hear that a folder is read, or cannot be."""
        self._folders_open -= 1
        if not is_whole:
            self._tree.mark_unreadable(node)
        self._go_on()

    def found(self, folder: int, names: Sequence[tuple[bytes, Attributes]]) -> None:
        """Take a portion of a folder's names."""
        self._names += len(names)
        if self._names > _NAMES_PER_ENTRY * (len(self._tree) + 10_000):
            raise Hostile("the client repeats the names of its files without an end")
        base = self._tree.path(folder).rstrip(b"/") + b"/"
        fresh = {
            name: attributes
            for name, attributes in names
            if name not in (b".", b"..") and base + name not in self._prunes and self._tree.lookup(folder, name) is None
        }
        if not fresh:
            return
        first = self._tree.place([folder] * len(fresh), list(fresh))
        nodes = range(first, first + len(fresh))
        self._add_fields(nodes, list(fresh.values()))
        self._follow(nodes, whole=True)

    def _add_fields(self, nodes: Sequence[int], attributes: Sequence[Attributes]) -> None:
        seconds = [(one.mtime or 0) * _SECOND for one in attributes]
        owners = [one.owner or (0, 0) for one in attributes]
        nothing = [0] * len(nodes)
        self._tree.extend(
            Fields(
                mode=[_mode(one) for one in attributes],
                uid=[uid for uid, _ in owners],
                gid=[gid for _, gid in owners],
                size=[one.size or 0 for one in attributes],
                nlink=[1] * len(nodes),
                inode=[_number(self._tree.path(node)) for node in nodes],
                device=nothing,
                mtime_ns=seconds,
                ctime_ns=seconds,
                blocks=nothing,
            )
        )

    def _follow(self, nodes: Sequence[int], *, whole: bool) -> None:
        for node in nodes:
            mode = self._tree.mode(node)
            if stat.S_ISLNK(mode):
                self._links.append(node)
            elif stat.S_ISDIR(mode) and whole:
                if len(self._tree.path(node)) < LONGEST_PATH:
                    self._waiting.append(node)
                else:
                    # No path leads there, so nobody can open it.
                    self._tree.mark_unreadable(node)


class _OneFolder:
    """One folder while it is read."""

    def __init__(self, folders: Folders, node: int) -> None:
        self._folders, self._node = folders, node
        self._handle = b""
        self._asked = 0
        self._is_over = False
        self._is_whole = True

    def open(self) -> None:
        """Open it."""
        self._folders.post(packets.open_folder(self._folders.path(self._node)), self._opened)

    def _opened(self, reply: Reply) -> None:
        if not reply.ok:
            self._folders.closed(self._node, is_whole=False)
            return
        self._handle = reply.handle
        for _ in range(_PORTIONS_AHEAD):
            self._ask()

    def _ask(self) -> None:
        self._asked += 1
        self._folders.post(packets.read_folder(self._handle), self._take)

    def _take(self, reply: Reply) -> None:
        self._asked -= 1
        if reply.ok and reply.names:
            self._folders.found(self._node, reply.names)
        else:
            self._is_over = True
            # Names without an end of them, or an end that is an error: some may be missing.
            self._is_whole = self._is_whole and reply.code == END_OF_FILE
        if not self._is_over:
            self._ask()
        elif not self._asked:
            self._folders.post(packets.close(self._handle), lambda _: None)
            self._folders.closed(self._node, is_whole=self._is_whole)


def _mode(attributes: Attributes) -> int:
    if attributes.mode is None or not stat.S_IFMT(attributes.mode):
        raise Hostile("the client's SFTP server does not say what its files are")
    return attributes.mode


def _number(path: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(path, digest_size=8).digest(), "big") >> 1 or 1
