"""One file on its way from the client: its pieces, and who waits for them."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

from appliance.pull.sftp import replies

# What every SFTP server must be able to give at once (draft-ietf-secsh-filexfer-02, section 3).
PIECE_BYTES = 1 << 15
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

    `is_settled`: the client was asked, after the last piece, whether the file is still the listed one.
    """

    node: int
    place: int
    size: int
    next_piece: int = 0
    handle: bytes = b""
    error: int = 0
    reserved: int = 0
    is_begun: bool = False
    is_settled: bool = False
    is_dropped: bool = False
    is_changed: bool = False
    pieces: dict[int, bytes] = field(default_factory=dict)
    waiting: list[Wanted] = field(default_factory=list)

    @classmethod
    def beginning(cls, node: int, place: int, size: int, offset: int) -> Transfer:
        """Begin with the piece that holds that offset; room is reserved for one."""
        first = offset // PIECE_BYTES
        return cls(node=node, place=place, size=size, next_piece=first, reserved=min(size, PIECE_BYTES))

    @property
    def is_asked_for(self) -> bool:
        """Whether every piece was asked for."""
        return self.next_piece * PIECE_BYTES >= self.size

    def piece_length(self, number: int) -> int:
        """How long a piece should be, in bytes."""
        return max(0, min(PIECE_BYTES, self.size - number * PIECE_BYTES))

    def offset_of(self, number: int) -> int:
        """Where a piece begins, in bytes."""
        return number * PIECE_BYTES

    def ends_at(self, size: int) -> None:
        """Note that there is no more: the file is shorter than it was listed."""
        self.size = min(self.size, size)

    def can_answer(self, wanted: Wanted) -> bool:
        """Whether all that is wanted has come; of the end, only once nothing can be said against it any more."""
        if self.error:
            return True
        end = min(wanted.offset + wanted.length, self.size)
        if end == self.size and not self.is_settled:
            return False
        return all(number in self.pieces for number in range(wanted.offset // PIECE_BYTES, -(-end // PIECE_BYTES)))

    def take(self, wanted: Wanted) -> list[memoryview]:
        """Return the wanted bytes in parts."""
        parts = []
        offset, end = wanted.offset, min(wanted.offset + wanted.length, self.size)
        while offset < end:
            number, within = divmod(offset, PIECE_BYTES)
            part = memoryview(self.pieces[number])[within : within + end - offset]
            parts.append(part)
            offset += len(part)
        return parts

    def let_go(self, before: int) -> int:
        """Forget the pieces that end before that offset; returns how many bytes they held."""
        last = before // PIECE_BYTES
        gone = [number for number in self.pieces if number < last]
        return sum(len(self.pieces.pop(number)) for number in gone)

    def forget(self) -> int:
        """Forget all pieces; returns how many bytes they held."""
        held = sum(len(piece) for piece in self.pieces.values())
        self.pieces.clear()
        return held

    def is_urgent(self, ahead: int) -> bool:
        """Whether somebody waits for what is less than `ahead` bytes away from the next piece."""
        return bool(self.waiting) and self.next_piece * PIECE_BYTES < self.waiting[-1].offset + ahead


def error_of(reply: replies.Reply) -> int:
    """Return the errno for a refusal of the client's."""
    return _ERRORS.get(reply.code, errno.EIO)
