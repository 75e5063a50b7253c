"""The entries of a listing, many at a time: fields as text become columns of numbers without a call for each field."""

from __future__ import annotations

import stat
from itertools import repeat
from operator import itemgetter, or_
from typing import TYPE_CHECKING

from appliance.pull.listing.entry import Hostile
from appliance.pull.listing.names import shown
from appliance.pull.listing.tree import Fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Number of the item, depth below it, name, type, permissions, owner, group, size, links, inode, device, blocks, mtime,
# ctime, target, readable.
WIDTH = 16
ITEM, DEPTH, NAME, TYPE, TARGET, READABLE = 0, 1, 2, 3, 14, 15
TYPES = {
    b"f": stat.S_IFREG,
    b"d": stat.S_IFDIR,
    b"l": stat.S_IFLNK,
    b"p": stat.S_IFIFO,
    b"s": stat.S_IFSOCK,
    b"b": stat.S_IFBLK,
    b"c": stat.S_IFCHR,
}
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
# find writes seconds, a dot and ten digits, the last of them always 0.
_DIGITS = 10
_SCALE = 10**_DIGITS
_dot = itemgetter(-_DIGITS - 1)


def read_fields(columns: Sequence[Sequence[bytes]]) -> Fields:
    """Read the numbers of whole entries, WIDTH columns of them; raises Hostile for what is no number."""
    try:
        types = map(TYPES.__getitem__, columns[TYPE])
        modes = list(map(or_, types, map(int, columns[4], repeat(8))))
        uid, gid, size, nlink, inode, device, blocks = (list(map(int, columns[place])) for place in range(5, 12))
        times = [clamped(nanoseconds(columns[place])) for place in (12, 13)]
    except (ValueError, IndexError) as error:
        raise Hostile("the listing has something else where a number should be") from error
    except KeyError as error:
        raise Hostile(f"the listing has a type of file that does not exist: {shown(error.args[0])}") from error
    return Fields(
        mode=modes,
        uid=uid,
        gid=gid,
        size=size,
        nlink=nlink,
        inode=inode,
        device=device,
        mtime_ns=times[0],
        ctime_ns=times[1],
        blocks=blocks,
    )


def nanoseconds(texts: Sequence[bytes]) -> list[int]:
    """Read times as find has them; before 1970 the second is negative, and its fraction still counts forwards."""
    if set(map(_dot, texts)) - {ord(".")}:
        raise ValueError
    tens = list(map(int, b" ".join(texts).replace(b".", b"").split(b" ")))
    if len(tens) != len(texts):
        raise ValueError
    if tens and min(tens) < 0:
        tens = [number if number >= 0 else number + 2 * (-number % _SCALE) for number in tens]
    return [number // 10 for number in tens]


def clamped(times: list[int]) -> list[int]:
    """Bring absurd times to the first and last that 64 bits can tell, as Borg does itself."""
    if times and (min(times) < _LEAST or max(times) > _MOST):
        return [min(max(time, _LEAST), _MOST) for time in times]
    return times


def places_of(wanted: bytes, column: Sequence[bytes]) -> Iterable[int]:
    """Where in the column it stands; quick where that is nowhere."""
    if wanted in column:
        yield from (place for place, text in enumerate(column) if text == wanted)
