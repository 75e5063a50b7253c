"""Data without a round trip a file: what Borg will read next comes ahead, in its order, within bounded memory.

What is known to be a hole is not asked for at all; what is probably one, by a second session that ssh compresses.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Protocol

from appliance.pull.listing.holes import NONE, Holes
from appliance.pull.pullfs.asking import Asking
from appliance.pull.pullfs.freshness import freshen, is_file
from appliance.pull.pullfs.handing import PageCache, hand
from appliance.pull.pullfs.limits import OPENED_AT_ONCE, UNTOLD
from appliance.pull.pullfs.transfer import Transfer, Wanted, error_of
from appliance.pull.sftp.replies import END_OF_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from appliance.pull.listing.tree import Tree
    from appliance.pull.pullfs.ahead import Ahead
    from appliance.pull.pullfs.lane import Lane, Lanes
    from appliance.pull.sftp.replies import Reply

# What lies here unread, with what is on its way.
_HELD_BYTES = 48 << 20
# What the kernel has of it, in its pages, where Borg has not passed it yet.
_HANDED_BYTES = 48 << 20
# A file costs us something even when it is nearly empty.
_FILE_BYTES = 1 << 10
# Whoever is waited for gets so much even where there is no room.
_URGENT_BYTES = 1 << 19
# The kernel reads ahead by 128 KiB, and asks again for nothing that is further behind.
_BEHIND_BYTES = 1 << 19


class Kernel(PageCache, Protocol):
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
        self,
        tree: Tree,
        ahead: Ahead,
        lanes: Lanes,
        kernel: Kernel,
        *,
        is_sparse: Callable[[int], bool],
        holes: Mapping[int, Holes],
        done_with: Callable[[int], None],
    ) -> None:
        """`is_sparse` says of which files it is known, `holes` where those of some are, by node.

        `done_with` hears of each that need not be fetched ahead again.

        That is one that was read to its end, as listed, or that was fetched in vain.
        """
        self._tree, self._ahead, self._kernel = tree, ahead, kernel
        self._is_sparse, self._holes, self._done_with = is_sparse, dict(holes), done_with
        self._asking = Asking(lanes)
        # In the order in which they were begun, which is Borg's.
        self._transfers: dict[int, Transfer] = {}
        self._unfinished: dict[Transfer, None] = {}
        # Begun after one that lies behind it.
        self._late: dict[Transfer, None] = {}
        self._furthest = 0
        self._may_open = UNTOLD
        self._held = self._open = self._files = self._waiting = self._handed = 0

    def read(self, node: int, wanted: Wanted) -> None:
        """Answer a READ of the kernel's, now or when the data is here."""
        transfer = self._transfers.get(node) or self._begin(node, self._ahead.place_of(node), wanted.offset)
        if transfer.has_passed(wanted) and not transfer.error:
            transfer = self._begin_again(transfer, wanted.offset)
        transfer.waiting.append(wanted)
        self._waiting += 1
        if not transfer.is_begun:
            transfer.is_begun = True
            if transfer.place:
                self._came_to(transfer)
        if transfer in self._unfinished:
            self._ask_for_pieces(transfer)
        self._answer(transfer)
        self.go_ahead()

    def hand_over(self, nodes: Sequence[int]) -> None:
        """Give the kernel what is here of these. It has their entries, and nobody reads while this is called."""
        for transfer in filter(None, map(self._transfers.get, nodes)):
            if self._handed >= _HANDED_BYTES:
                return
            if handed := hand(transfer, self._kernel):
                self._held -= transfer.give_away(handed)
                self._handed += handed
                self._done_with(transfer.node)

    def may_open(self, count: int) -> None:
        """From now on so many files may be open on the client at once."""
        self._may_open = count
        self.go_ahead()

    def go_ahead(self) -> None:
        """Ask for as much as there is room for: first the rest of what was begun, then the next files."""
        for transfer in tuple(self._unfinished):
            self._ask_for_pieces(transfer)
            if transfer in self._unfinished:
                return
        if self._open > self._may_open - OPENED_AT_ONCE:
            return
        while self._room(self._asking.plain) > 0 and self._open < self._may_open:
            node = self._ahead.next()
            if node is None:
                return
            if node not in self._transfers:
                self._begin(node, self._ahead.place_of(node), 0)

    def is_awaited(self) -> bool:
        """Whether the kernel waits for something that has not come."""
        return self._waiting > 0

    def told(self) -> str:
        """What was fetched, for the log."""
        return f"{self._files} files, {self._asking.told()}"

    def _room(self, lane: Lane) -> int:
        return min(_HELD_BYTES - self._held - self._asking.under_way, lane.room)

    def _came_to(self, transfer: Transfer) -> None:
        """What lies before the file that Borg has come to will not be read any more."""
        while (first := next(iter(self._transfers.values()))).place < transfer.place and not first.waiting:
            if first.handed:
                # Read, very probably, without a word to us.
                self._ahead.came_to(first.place)
            self._pass_over(first)
        self._ahead.came_to(transfer.place)
        for late in [late for late in self._late if late.place < transfer.place and not late.waiting]:
            self._pass_over(late)

    def _pass_over(self, transfer: Transfer) -> None:
        if not (transfer.is_begun or transfer.error):
            # Borg excludes it, or knows it although we do not: it is not worth fetching the next time either.
            self._done_with(transfer.node)
        self._drop(transfer)

    def _begin(self, node: int, place: int, offset: int) -> Transfer:
        holes = self._holes.get(node, NONE)
        is_sparse = holes is NONE and self._is_sparse(node)
        transfer = Transfer.beginning(node, place, self._tree.size(node), offset, is_sparse=is_sparse, holes=holes)
        self._transfers[node] = transfer
        if place < self._furthest:
            self._late[transfer] = None
        self._furthest = max(self._furthest, place)
        transfer.number = self._files
        self._open += 1
        self._files += 1
        self._held += _FILE_BYTES
        self._asking.open(transfer, self._tree.path(node), lambda reply: self._opened(transfer, reply))
        if is_sparse:
            self._open_packed(transfer)
        return transfer

    def _begin_again(self, transfer: Transfer, offset: int) -> Transfer:
        """Begin further to the front: Borg never goes back, but whoever does must not wait for ever."""
        self._drop(transfer)
        again = self._begin(transfer.node, transfer.place, offset)
        # Only a file that was small enough to be handed over can wait for its end.
        again.must_settle = bool(transfer.handed) or transfer.must_settle
        again.waiting, transfer.waiting = transfer.waiting, []
        return again

    def _open_packed(self, transfer: Transfer) -> None:
        self._asking.open_packed(transfer, self._tree.path(transfer.node), self.go_ahead)

    def _opened(self, transfer: Transfer, reply: Reply) -> None:
        if not reply.ok:
            self._open -= 1
            self._fail(transfer, error_of(reply))
        else:
            self._unfinished[transfer] = None
            if transfer.is_dropped:
                self._close(transfer)
            else:
                self._ask_for_pieces(transfer)
        self.go_ahead()

    def _ask_for_pieces(self, transfer: Transfer) -> None:
        while not transfer.is_asked_for:
            has_room = not transfer.awaits_packed and self._room(self._asking.lane_for(transfer)) > 0
            if not has_room and not transfer.is_urgent(_URGENT_BYTES):
                return
            self._ask_for(transfer, transfer.asks_on())
        # Behind the last piece, so it costs no time: is it still the file that was listed?
        self._asking.look_again(transfer, lambda reply: self._settle(transfer, reply))
        self._close(transfer)

    def _ask_for(self, transfer: Transfer, number: int) -> None:
        length = transfer.piece_length(number)
        self._asking.read(transfer, number, lambda lane, reply: self._came(transfer, number, length, lane, reply))

    def _came(self, transfer: Transfer, number: int, length: int, lane: Lane, reply: Reply) -> None:
        if not (transfer.is_dropped or transfer.error):
            self._take(transfer, number, length, reply)
        if lane.is_half_empty:
            self.go_ahead()

    def _take(self, transfer: Transfer, number: int, length: int, reply: Reply) -> None:
        if not reply.ok and reply.code != END_OF_FILE:
            self._fail(transfer, error_of(reply))
            return
        if len(reply.data) > length:
            self._fail(transfer, errno.EIO)
            return
        self._held += transfer.keep(number, reply.data)
        if len(reply.data) < length:
            transfer.ends_at(transfer.offset_of(number) + len(reply.data))
            if transfer.is_asked_for and transfer in self._unfinished:
                # Nothing of it is left to ask for, and its reader waits for the look.
                self._ask_for_pieces(transfer)
        if transfer.zeros.are_found and not (transfer.has_tried_packed or transfer.is_closed):
            self._open_packed(transfer)
        if transfer.waiting:
            self._answer(transfer)

    def _settle(self, transfer: Transfer, reply: Reply) -> None:
        if transfer.is_dropped or transfer.error:
            return
        if not reply.ok or reply.attributes is None:
            self._fail(transfer, error_of(reply))
            return
        if not is_file(reply.attributes):
            self._fail(transfer, errno.EIO)
            return
        transfer.unsettled -= 1
        if freshen(self._tree, transfer.node, reply.attributes, is_begun=transfer.is_begun):
            transfer.is_changed = True
            # They were those of the listed one.
            self._holes.pop(transfer.node, None)
            # Before its last bytes are given: Borg then sees that the file changed while it was read.
            self._kernel.forget_attributes(transfer.node)
            if not transfer.is_begun:
                # Read by nobody yet: it is read anew, by what is known now.
                self._drop(transfer)
                return
        if transfer.unsettled:
            return
        transfer.is_settled = True
        if not transfer.is_changed and transfer.size != self._tree.size(transfer.node):
            # Unchanged by its own account, and yet there was less to read.
            self._fail(transfer, errno.EIO)
            return
        self._answer(transfer)

    def _answer(self, transfer: Transfer) -> None:
        for wanted in tuple(transfer.waiting):
            if not transfer.can_answer(wanted):
                continue
            transfer.waiting.remove(wanted)
            self._waiting -= 1
            if transfer.error:
                self._kernel.refuse(wanted.unique, transfer.error)
                continue
            self._kernel.give(wanted.unique, transfer.take(wanted))
            self._held -= transfer.let_go(wanted.offset - _BEHIND_BYTES)
            if wanted.offset + wanted.length >= transfer.size:
                self._is_read(transfer)

    def _is_read(self, transfer: Transfer) -> None:
        if not transfer.is_changed:
            self._done_with(transfer.node)
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
        self._handed -= transfer.handed
        if transfer in self._unfinished:
            self._close(transfer)

    def _close(self, transfer: Transfer) -> None:
        del self._unfinished[transfer]
        # Not only when the answer has come: the server takes requests in their order, so it has closed this one before
        # it opens another that is asked for from here on. Far away, that is a round trip of every file.
        self._open -= 1
        self._asking.close(transfer, lambda _: self.go_ahead())
