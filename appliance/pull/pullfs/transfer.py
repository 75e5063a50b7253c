"""One file on its way from the client: its pieces, and who waits for them."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

from appliance.pull.listing.holes import NONE, Holes
from appliance.pull.pullfs.pieces import PIECE_BYTES, ZEROS, held_bytes, kept
from appliance.pull.pullfs.zeros import Zeros
from appliance.pull.sftp import replies

_ERRORS = {replies.NO_SUCH_FILE: errno.ENOENT, replies.NO_PERMISSION: errno.EACCES}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A READ of the kernel's that has no answer yet; offset and length in bytes."""

    unique: int
    offset: int
    length: int


@dataclass(slots=True, eq=False)
class Transfer:
    """The state of one file. `size` in bytes, as listed or shorter; `error` is an errno once the client has refused it.

    `handle` is that of the plain lane, `packed` that of the other one, which only a file with holes has.
    `awaits_packed`: it is being opened there. `is_closed`: nothing more is asked for on either.
    `passed`: pieces before that one are neither here any more nor on their way.
    `number` is how many were begun before it. `handed` is how much of the kernel's memory it takes, in bytes, once it
    was handed there.
    `unsettled`: on how many of them the client was asked, after the last piece, whether the file is still the listed
    one, and has not answered yet; once it has on each, the file `is_settled`. `must_settle`: before that not even its
    first bytes are given, since the kernel may still have others that it was handed.
    """

    node: int
    place: int
    size: int
    zeros: Zeros
    holes: Holes = NONE
    number: int = 0
    handed: int = 0
    next_piece: int = 0
    passed: int = 0
    first_kept: int = 0
    handle: bytes = b""
    packed: bytes = b""
    error: int = 0
    reserved: int = 0
    unsettled: int = 0
    has_tried_packed: bool = False
    awaits_packed: bool = False
    is_closed: bool = False
    is_begun: bool = False
    is_settled: bool = False
    is_dropped: bool = False
    is_changed: bool = False
    must_settle: bool = False
    pieces: dict[int, bytes] = field(default_factory=dict)
    waiting: list[Wanted] = field(default_factory=list)

    @classmethod
    def beginning(
        cls, node: int, place: int, size: int, offset: int, *, is_sparse: bool, holes: Holes = NONE
    ) -> Transfer:
        """Begin with the piece that holds that offset; room is reserved for one. What `holes` names is not fetched."""
        first = offset // PIECE_BYTES
        return cls(
            node=node,
            place=place,
            size=size,
            zeros=Zeros(are_expected=is_sparse),
            holes=holes,
            next_piece=holes.behind(first),
            passed=first,
            reserved=min(size, PIECE_BYTES),
        )

    @property
    def is_asked_for(self) -> bool:
        """Whether every piece was asked for."""
        return self.next_piece * PIECE_BYTES >= self.size

    def asks_on(self) -> int:
        """Return the piece to be asked for now; the next one is the first behind it that is not all hole."""
        number = self.next_piece
        self.next_piece = self.holes.behind(number + 1)
        return number

    def piece_length(self, number: int) -> int:
        """How long a piece should be, in bytes."""
        return max(0, min(PIECE_BYTES, self.size - number * PIECE_BYTES))

    def offset_of(self, number: int) -> int:
        """Where a piece begins, in bytes."""
        return number * PIECE_BYTES

    def keep(self, number: int, data: bytes) -> int:
        """Keep a piece that has come; returns how much memory it takes, in bytes."""
        self.pieces[number] = piece = kept(data)
        self.first_kept = min(self.first_kept, number)
        self.zeros.came(are_zeros=piece is ZEROS)
        return held_bytes(piece)

    def ends_at(self, size: int) -> None:
        """Note that there is no more: the file is shorter than it was listed."""
        self.size = min(self.size, size)

    def can_answer(self, wanted: Wanted) -> bool:
        """Whether all that is wanted has come; of the end, only once nothing can be said against it any more."""
        if self.error:
            return True
        end = min(wanted.offset + wanted.length, self.size)
        if (self.must_settle or end == self.size) and not self.is_settled:
            return False
        return all(map(self._has, range(wanted.offset // PIECE_BYTES, -(-end // PIECE_BYTES))))

    def take(self, wanted: Wanted) -> list[memoryview]:
        """Return the wanted bytes in parts."""
        parts = []
        offset, end = wanted.offset, min(wanted.offset + wanted.length, self.size)
        while offset < end:
            number, within = divmod(offset, PIECE_BYTES)
            piece = self.pieces[number] if number in self.pieces else self._hole(number)
            part = memoryview(piece)[within : within + end - offset]
            parts.append(part)
            offset += len(part)
        return parts

    def _has(self, number: int) -> bool:
        return number in self.pieces or self._is_hole(number)

    def _is_hole(self, number: int) -> bool:
        return self.holes.behind(number) > number

    def _hole(self, number: int) -> bytes:
        # No zero is made up: whoever asks has looked whether it can be answered.
        if not self._is_hole(number):
            raise KeyError(number)
        return ZEROS

    def give_away(self, handed: int) -> int:
        """Forget all pieces, which the kernel has; returns how much memory that frees, in bytes."""
        self.handed = handed
        self.passed = -(-self.size // PIECE_BYTES)
        return self.forget()

    def has_passed(self, wanted: Wanted) -> bool:
        """Whether something of it is neither here any more nor on its way."""
        return wanted.offset // PIECE_BYTES < self.passed

    def let_go(self, before: int) -> int:
        """Forget the pieces that end before that offset, but none that somebody waits for.

        Returns how much memory they took, in bytes.
        """
        before = min(before, *(wanted.offset for wanted in self.waiting)) if self.waiting else before
        # Not by looking at each piece: of zeros many thousands lie here.
        passed = range(self.first_kept, before // PIECE_BYTES)
        self.first_kept = max(self.first_kept, passed.stop)
        self.passed = max(self.passed, passed.stop)
        return sum(held_bytes(self.pieces.pop(number)) for number in passed if number in self.pieces)

    def forget(self) -> int:
        """Forget all pieces that are here; returns how much memory they took, in bytes."""
        held = sum(map(held_bytes, self.pieces.values()))
        self.pieces.clear()
        return held

    def is_urgent(self, ahead: int) -> bool:
        """Whether somebody waits for what is less than `ahead` bytes away from the next piece."""
        furthest = max((wanted.offset for wanted in self.waiting), default=-ahead)
        return self.next_piece * PIECE_BYTES < furthest + ahead


def error_of(reply: replies.Reply) -> int:
    """Return the errno for a refusal of the client's."""
    return _ERRORS.get(reply.code, errno.EIO)
