"""Where large files of a client have holes, as the client tells it: nothing of a hole has to come over the line.

Only the client can say it (lseek(2), SEEK_HOLE). What it says counts for a file that is still as it was listed, and had
not been written to for two minutes when its holes were looked for: whoever writes into a hole later gives the file
another time of change even in whole seconds, which is all that SFTP tells, and is found out when the file is looked at
after its last byte. Besides, a file system may name a hole where something was written a moment ago (OpenZFS before
2.2.2, github.com/openzfs/zfs/issues/15526).
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from appliance.pull.listing.entry import Hostile
from appliance.pull.listing.read import MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from appliance.pull.listing.tree import Tree

# Of these the client is asked at once; its shell reads line by line.
MOST_FILES = 1000
# Of one file no more are told, and of all files together no more than 16 MiB and those of one file.
_MOST_HOLES = 20_000
LONGEST_ANSWER = 20 << 20
_END = b"end"
# A path, its size and times, its holes.
_WORDS = 3
_NUMBERS = re.compile(rb"(\d{1,19}) (-?\d{1,30}) (-?\d{1,30})")
_HOLE = re.compile(rb"(\d{1,19})-(\d{1,19})")


class Holes:
    """The holes of one file, in pieces of it that are nothing but hole."""

    __slots__ = ("_afters", "_firsts")

    def __init__(self, holes: Sequence[tuple[int, int]], size: int, piece_bytes: int) -> None:
        """`holes` are where each begins and ends, in bytes, in their order; `size` is the file's."""
        self._firsts, self._afters = array("Q"), array("Q")
        for begin, end in holes:
            first = -(-begin // piece_bytes)
            # The last piece is a short one.
            after = -(-end // piece_bytes) if end == size else end // piece_bytes
            if first < after:
                self._firsts.append(first)
                self._afters.append(after)

    def behind(self, piece: int) -> int:
        """Return the first piece from this one on that has data, or is behind the end."""
        index = bisect_right(self._firsts, piece) - 1
        return max(piece, self._afters[index]) if index >= 0 else piece


NONE = Holes((), 0, 1)


def request(paths: Iterable[bytes]) -> bytes:
    """Write what the client is asked: a line for each of these paths, but for those that are no line."""
    lines = [b"holes " + path for path in paths if b"\n" not in path]
    return b"\n".join([*lines, b"go", b""])


def read_holes(answer: bytes, tree: Tree, piece_bytes: int) -> Mapping[int, Holes]:
    """Return the holes of the files that are as they were listed, by node; none where the answer is not whole.

    Raises Hostile for what our program does not say.
    """
    if answer.count(b"\0") > _WORDS * (MOST_FILES + 1):
        raise Hostile("the client tells holes of more files than it was asked for")
    _, magic, rest = answer.partition(MAGIC)
    # What lists the client and what reads its attributes stands before all else.
    fields = rest.split(b"\0")[2:] if magic else []
    behind = fields.pop() if fields else b""
    if not fields or fields[-1] != _END:
        return {}
    if behind or len(fields) % _WORDS != 1:
        raise Hostile("what the client says of holes goes on after its end")
    found = {}
    for path, numbers, text in zip(*[iter(fields[:-1])] * _WORDS, strict=True):
        size, *times = _numbers(numbers)
        holes = _holes(text, size)
        node = tree.find(path)
        if node is not None and (size, *times) == (tree.size(node), tree.mtime_ns(node), tree.ctime_ns(node)):
            found[node] = Holes(holes, size, piece_bytes)
    return found


def _numbers(text: bytes) -> tuple[int, ...]:
    found = _NUMBERS.fullmatch(text)
    if found is None:
        raise Hostile("what the client says of holes names no size and times")
    return tuple(map(int, found.groups()))


def _holes(text: bytes, size: int) -> list[tuple[int, int]]:
    holes, last = [], 0
    if text.count(b" ") >= _MOST_HOLES:
        raise Hostile("the client tells more holes of a file than it is to look for")
    for one in text.split(b" ") if text else ():
        found = _HOLE.fullmatch(one)
        begin, end = (int(found[1]), int(found[2])) if found else (0, 0)
        if not last <= begin < end <= size:
            raise Hostile("the client names a hole where none can be")
        holes.append((begin, end))
        last = end
    return holes
