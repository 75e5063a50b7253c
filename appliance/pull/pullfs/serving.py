"""The file system itself: the kernel's questions answered out of the listing, its reads handed to who fetches."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Protocol

from appliance.pull.pullfs import answers, wire
from appliance.pull.pullfs.answers import RefusedError
from appliance.pull.pullfs.device import UnmountedError
from appliance.pull.pullfs.transfer import Wanted
from appliance.pull.pullfs.wire import Opcode
from appliance.pull.sftp import packets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from appliance.pull.listing.tree import Tree
    from appliance.pull.pullfs.lane import Post
    from appliance.pull.pullfs.wire import Request


_ABOUT_NO_NODE = frozenset({Opcode.INIT, Opcode.DESTROY})


class Asking(Protocol):
    """The kernel, as `device.Device` has it."""

    def next(self) -> Request | None:
        """Return the next request, None when there is none now; raises UnmountedError."""

    def say(self, packet: tuple[bytes | memoryview, ...]) -> bool:
        """Send a reply or a notice; returns whether it was taken."""


class Reading(Protocol):
    """Who fetches what is read."""

    def read(self, node: int, wanted: Wanted) -> None:
        """Answer a READ, now or later."""

    def hand_over(self, nodes: Sequence[int]) -> None:
        """Give the kernel what is here of these. It has their entries, and nobody reads while this is called."""


class Serving:
    """One mount. Whatever is not asked of the client is answered at once."""

    def __init__(self, device: Asking, tree: Tree, post: Post) -> None:
        """`post` is the way to the client's SFTP server."""
        self._device, self._tree, self._post = device, tree, post
        self._fetching: Reading
        self._knows_no_open = False
        # A folder comes in many portions, one after the other.
        self._listed_last: tuple[int, Sequence[int]] = (0, ())
        self._told_of = 0
        self._readers: set[int] = set()
        self._untold: list[int] = []
        self._answers: dict[int, Callable[[Request], bytes | None]] = {
            Opcode.INIT: self._init,
            Opcode.LOOKUP: lambda asked: answers.look_up(tree, asked.node, wire.read_name(asked.body)),
            Opcode.GETATTR: lambda asked: answers.attributes(tree, asked.node),
            Opcode.READLINK: lambda asked: answers.target(tree, asked.node),
            Opcode.OPEN: self._open,
            Opcode.OPENDIR: self._open_folder,
            Opcode.READ: self._read,
            Opcode.READDIR: lambda asked: self._listed(answers.names, asked),
            Opcode.READDIRPLUS: self._listed_with_entries,
            Opcode.GETXATTR: self._xattr,
            Opcode.LISTXATTR: self._xattr_names,
            Opcode.STATFS: lambda _: wire.room_reply(),
            Opcode.RELEASE: lambda _: b"",
            Opcode.RELEASEDIR: lambda _: b"",
            Opcode.DESTROY: self._destroy,
        }

    def serve_from(self, fetching: Reading) -> None:
        """Say who fetches what is read."""
        self._fetching = fetching

    def answer_all(self) -> None:
        """Answer what the kernel has asked until now; raises UnmountedError."""
        while (asked := self._device.next()) is not None:
            if asked.opcode not in wire.UNANSWERED:
                self._answer(asked)

    def give(self, unique: int, parts: list[memoryview]) -> None:
        """Answer a READ."""
        self._device.say(wire.reply(unique, *parts))

    def refuse(self, unique: int, error: int) -> None:
        """Answer with an errno."""
        self._device.say(wire.refusal(unique, error))

    def store(self, node: int, parts: list[memoryview]) -> bool:
        """Put a whole file into the kernel's pages; it takes none whose entry it does not have."""
        return self._device.say(wire.store(node, *parts))

    def forget_attributes(self, node: int) -> None:
        """Have the node's attributes asked for again.

        The kernel refuses that where it has no such inode, and there may be one in an answer that somebody has yet to
        take in: so it is told once more, before whatever is asked next is answered.
        """
        if not self._device.say(wire.forget_attributes(node)):
            self._untold.append(node)

    def _answer(self, asked: Request) -> None:
        for node in self._untold:
            self._device.say(wire.forget_attributes(node))
        self._untold.clear()
        answer = self._answers.get(asked.opcode)
        if answer is None or (asked.opcode not in _ABOUT_NO_NODE and not 0 < asked.node <= len(self._tree)):
            # The kernel remembers this one where it can do without.
            self.refuse(asked.unique, errno.ENOSYS if answer is None else errno.ESTALE)
            return
        try:
            body = answer(asked)
        except RefusedError as refused:
            self.refuse(asked.unique, refused.number)
        else:
            if body is not None:
                self._device.say(wire.reply(asked.unique, body))

    def _init(self, asked: Request) -> bytes:
        self._knows_no_open, read_ahead, flags = wire.read_init(asked.body)
        return wire.init_reply(read_ahead, flags)

    def _open(self, _: Request) -> bytes:
        if self._knows_no_open:
            # Nothing has to be opened: after this no open is asked for, and every file can be read.
            raise RefusedError(errno.ENOSYS)
        return wire.open_reply()

    def _open_folder(self, asked: Request) -> bytes | None:
        if not self._tree.is_readable(asked.node):
            raise RefusedError(errno.EACCES)
        if asked.node != wire.ROOT:
            return wire.open_reply()
        # Whoever lists the root wants to know whether the client is there (the liveness gate): so it is asked.
        self._post(packets.look_at(b"/"), lambda _: self._say(wire.reply(asked.unique, wire.open_reply())))
        return None

    def _say(self, packet: tuple[bytes | memoryview, ...]) -> None:
        self._device.say(packet)

    def _listed(self, answer: Callable[[Tree, Sequence[int], int, int], bytes], asked: Request) -> bytes:
        if self._listed_last[0] != asked.node:
            self._listed_last, self._told_of = (asked.node, self._tree.children(asked.node)), 0
        return answer(self._tree, self._listed_last[1], *wire.read_wanted(asked.body))

    def _listed_with_entries(self, asked: Request) -> bytes:
        answer = self._listed(answers.entries, asked)
        offset, _ = wire.read_wanted(asked.body)
        if offset == 0:
            self._told_of = 0
        # By going on from there the kernel shows that it has taken in all before it. Never after the answer, nor where
        # somebody else may be reading meanwhile (`handing.py` says why).
        if self._readers <= {asked.caller}:
            self._fetching.hand_over(self._listed_last[1][self._told_of : offset])
        self._told_of = max(self._told_of, offset)
        return answer

    def _read(self, asked: Request) -> None:
        offset, length = wire.read_wanted(asked.body)
        self._readers.add(asked.caller)
        self._fetching.read(asked.node, Wanted(asked.unique, offset, length))

    def _xattr(self, asked: Request) -> bytes:
        room, name = wire.read_xattr(asked.body)
        return answers.xattr(self._tree, asked.node, name, room)

    def _xattr_names(self, asked: Request) -> bytes:
        room, _ = wire.read_xattr(asked.body)
        return answers.xattr_names(self._tree, asked.node, room)

    def _destroy(self, _: Request) -> bytes:
        raise UnmountedError
