"""Data without a round trip a file: what Borg will read next comes ahead, in its order, within bounded memory."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Protocol

from appliance.pull.pullfs.freshness import freshen
from appliance.pull.pullfs.transfer import Transfer, Wanted, error_of
from appliance.pull.sftp import packets
from appliance.pull.sftp.replies import END_OF_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.pull.listing.tree import Tree
    from appliance.pull.pullfs.ahead import Ahead
    from appliance.pull.pullfs.pace import Pace
    from appliance.pull.sftp.packets import Request
    from appliance.pull.sftp.replies import Reply

    Post = Callable[[Request, Callable[[Reply], None]], None]

# What lies here unread, with what is on its way.
_HELD_BYTES = 48 << 20
# A file costs us something even when it is nearly empty.
_FILE_BYTES = 1 << 10
# Open at once on the client, whose server may often open no more than 256.
_OPEN_FILES = 200
# Whoever is waited for gets so much even where there is no room.
_URGENT_BYTES = 1 << 19
# The kernel reads ahead by 128 KiB, and asks again for nothing that is further behind.
_BEHIND_BYTES = 1 << 19


class Kernel(Protocol):
    """Whom the data is for."""

    def give(self, unique: int, parts: list[memoryview]) -> None:
        """Answer a READ."""

    def refuse(self, unique: int, error: int) -> None:
        """Answer it with an errno."""

    def forget_attributes(self, node: int) -> None:
        """Have the node's attributes asked for again."""


class Fetching:
    """All files that are under way or lie here unread. Nothing blocks: replies come in by the callbacks of `post`."""

    def __init__(
        self, tree: Tree, ahead: Ahead, post: Post, kernel: Kernel, *, pace: Pace, has_read: Callable[[int], None]
    ) -> None:
        """`has_read` is told of each file that was read to its end, as it was listed."""
        self._tree, self._ahead, self._kernel, self._has_read, self._pace = tree, ahead, kernel, has_read, pace
        self._post_to_client = post
        # In the order in which they were begun, which is Borg's.
        self._transfers: dict[int, Transfer] = {}
        self._unfinished: dict[Transfer, None] = {}
        # Begun after one that lies behind it.
        self._late: dict[Transfer, None] = {}
        self._furthest = 0
        self._held = self._under_way = self._open = 0
        self._files = self._bytes = self._requests = 0

    def read(self, node: int, wanted: Wanted) -> None:
        """Answer a READ of the kernel's, now or when the data is here."""
        transfer = self._transfers.get(node) or self._begin(node, self._ahead.place_of(node), wanted.offset)
        transfer.waiting.append(wanted)
        if not transfer.is_begun:
            transfer.is_begun = True
            self._came_to(transfer)
        if transfer in self._unfinished:
            self._ask_for_pieces(transfer)
        self._answer(transfer)
        self.go_ahead()

    def go_ahead(self) -> None:
        """Ask for as much as there is room for: first the rest of what was begun, then the next files."""
        for transfer in tuple(self._unfinished):
            self._ask_for_pieces(transfer)
            if transfer in self._unfinished:
                return
        while self._room() > 0 and self._open < _OPEN_FILES:
            node = self._ahead.next()
            if node is None:
                return
            if node not in self._transfers:
                self._begin(node, self._ahead.place_of(node), 0)

    def told(self) -> str:
        """What was fetched, for the log: files, bytes and requests."""
        return f"{self._files} files, {self._bytes} bytes, {self._requests} requests"

    def _room(self) -> int:
        return min(_HELD_BYTES - self._held - self._under_way, self._pace.limit - self._under_way)

    def _came_to(self, transfer: Transfer) -> None:
        """What lies before the file that Borg has come to will not be read any more."""
        self._ahead.came_to(transfer.place)
        while (first := next(iter(self._transfers.values()))).place < transfer.place and not first.waiting:
            self._drop(first)
        for late in [late for late in self._late if late.place < transfer.place and not late.waiting]:
            self._drop(late)

    def _begin(self, node: int, place: int, offset: int) -> Transfer:
        transfer = Transfer.beginning(node, place, self._tree.size(node), offset)
        self._transfers[node] = transfer
        if place < self._furthest:
            self._late[transfer] = None
        self._furthest = max(self._furthest, place)
        self._open += 1
        self._files += 1
        self._held += _FILE_BYTES
        self._under_way += transfer.reserved
        self._post(packets.open_to_read(self._tree.path(node)), lambda reply: self._opened(transfer, reply))
        return transfer

    def _opened(self, transfer: Transfer, reply: Reply) -> None:
        self._under_way -= transfer.reserved
        if not reply.ok:
            self._open -= 1
            self._fail(transfer, error_of(reply))
        else:
            transfer.handle = reply.handle
            self._unfinished[transfer] = None
            if transfer.is_dropped:
                self._close(transfer)
            else:
                self._ask_for_pieces(transfer)
        self.go_ahead()

    def _ask_for_pieces(self, transfer: Transfer) -> None:
        while not transfer.is_asked_for:
            if self._room() <= 0 and not transfer.is_urgent(_URGENT_BYTES):
                return
            self._ask_for(transfer, transfer.next_piece)
            transfer.next_piece += 1
        # Behind the last piece, so it costs no time: is it still the file that was listed?
        self._post(packets.look_at_open(transfer.handle), lambda reply: self._settle(transfer, reply))
        self._close(transfer)

    def _ask_for(self, transfer: Transfer, number: int) -> None:
        length = transfer.piece_length(number)
        self._under_way += length
        request = packets.read(transfer.handle, transfer.offset_of(number), length)
        self._post(request, lambda reply: self._came(transfer, number, length, reply))

    def _came(self, transfer: Transfer, number: int, length: int, reply: Reply) -> None:
        self._under_way -= length
        self._pace.came(len(reply.data))
        if not (transfer.is_dropped or transfer.error):
            self._take(transfer, number, length, reply)
        # Not for every piece: looking for what to ask for next takes longer than taking one.
        if 2 * self._under_way < self._pace.limit:
            self.go_ahead()

    def _take(self, transfer: Transfer, number: int, length: int, reply: Reply) -> None:
        if not reply.ok and reply.code != END_OF_FILE:
            self._fail(transfer, error_of(reply))
            return
        if len(reply.data) > length:
            self._fail(transfer, errno.EIO)
            return
        transfer.pieces[number] = reply.data
        self._held += len(reply.data)
        self._bytes += len(reply.data)
        if len(reply.data) < length:
            transfer.ends_at(transfer.offset_of(number) + len(reply.data))
        if transfer.waiting:
            self._answer(transfer)

    def _settle(self, transfer: Transfer, reply: Reply) -> None:
        if transfer.is_dropped or transfer.error:
            return
        if not reply.ok or reply.attributes is None:
            self._fail(transfer, error_of(reply))
            return
        transfer.is_settled = True
        if freshen(self._tree, transfer.node, reply.attributes, is_begun=transfer.is_begun):
            transfer.is_changed = True
            # Before its last bytes are given: Borg then sees that the file changed while it was read.
            self._kernel.forget_attributes(transfer.node)
            if not transfer.is_begun:
                # Read by nobody yet: it is read anew, by what is known now.
                self._drop(transfer)
                return
        elif transfer.size != self._tree.size(transfer.node):
            # Unchanged by its own account, and yet there was less to read.
            self._fail(transfer, errno.EIO)
            return
        self._answer(transfer)

    def _answer(self, transfer: Transfer) -> None:
        for wanted in tuple(transfer.waiting):
            if not transfer.can_answer(wanted):
                continue
            transfer.waiting.remove(wanted)
            if transfer.error:
                self._kernel.refuse(wanted.unique, transfer.error)
                continue
            self._kernel.give(wanted.unique, transfer.take(wanted))
            self._held -= transfer.let_go(wanted.offset - _BEHIND_BYTES)
            if wanted.offset + wanted.length >= transfer.size:
                self._is_read(transfer)

    def _is_read(self, transfer: Transfer) -> None:
        if not transfer.is_changed:
            self._has_read(transfer.node)
        if not transfer.waiting:
            self._drop(transfer)

    def _fail(self, transfer: Transfer, error: int) -> None:
        """Nothing of it is given any more. It stays, so that whoever comes to read it hears the same."""
        transfer.error = error
        self._held -= transfer.forget()
        if transfer in self._unfinished:
            self._close(transfer)
        self._answer(transfer)

    def _drop(self, transfer: Transfer) -> None:
        transfer.is_dropped = True
        del self._transfers[transfer.node]
        self._late.pop(transfer, None)
        self._held -= transfer.forget() + _FILE_BYTES
        if transfer in self._unfinished:
            self._close(transfer)

    def _close(self, transfer: Transfer) -> None:
        del self._unfinished[transfer]
        self._post(packets.close(transfer.handle), lambda _: self._closed())

    def _post(self, request: Request, then: Callable[[Reply], None]) -> None:
        self._requests += 1
        self._post_to_client(request, then)

    def _closed(self) -> None:
        self._open -= 1
        self.go_ahead()
