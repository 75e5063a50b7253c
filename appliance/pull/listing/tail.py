"""The end of a listing: which devices its device files are, and what could not be looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from appliance.pull.listing.entry import Hostile, device_number

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEVICE = re.compile(rb"(\d{1,20}) (\d{1,20}) ([0-9a-f]{1,8}) ([0-9a-f]{1,8})")
# GNU find and our own programs quote the path, with escapes of C; busybox does not. No path begins at a quote that is
# escaped, and none is tried in two ways: so every byte is looked at once, however many quotes a line has.
_QUOTED = re.compile(rb"(?:find|list|stat): .*?(?<!\\)'((?:[^'\\]|\\.)*+)'(?:: |;)", re.DOTALL)
_PLAIN = re.compile(rb"find: (/.*): [A-Z][^:]*")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_GONE = b": No such file or directory"
# Only these are ours. Others may be the loader's, of every process on a machine that has something to preload.
_OURS = (b"find: ", b"list: ", b"stat: ", b"exit: ")
_WARNING = re.compile(rb"find: warning", re.IGNORECASE)


@dataclass(slots=True)
class Tail:
    """What the end of a listing says: rdev by (device, inode), paths that could not be looked at, and all else."""

    devices: dict[tuple[int, int], int] = field(default_factory=dict)
    unseen: list[bytes] = field(default_factory=list)
    other: list[bytes] = field(default_factory=list)


def read_tail(text: bytes) -> Tail:
    """Sort the lines; what has vanished meanwhile is left out, as if it had vanished before, and so is mere noise.

    Raises Hostile.
    """
    tail = Tail()
    for line in _lines(text):
        if device := _DEVICE.fullmatch(line):
            where, inode = int(device[1]), int(device[2])
            tail.devices[where, inode] = device_number(device[3], device[4])
        elif line.endswith(_GONE) or not line.startswith(_OURS) or _WARNING.match(line):
            continue
        elif path := _QUOTED.match(line):
            tail.unseen.append(unescaped(path[1]))
        elif path := _PLAIN.fullmatch(line):
            tail.unseen.append(path[1])
        else:
            tail.other.append(line)
    return tail


def unescaped(text: bytes) -> bytes:
    r"""Undo escapes: `\012` as well as `\n`, and a backslash before anything else."""
    return _ESCAPE.sub(_letter, text)


def _letter(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    if len(escaped) == 3:  # noqa: PLR2004 - octal digits
        number = int(escaped, 8)
        if number > 255:  # noqa: PLR2004 - a byte
            raise Hostile("the listing has an escape that is no byte")
        return bytes((number,))
    return _LETTERS.get(escaped, escaped)


def _lines(text: bytes) -> Iterator[bytes]:
    yield from filter(None, text.split(b"\n"))
