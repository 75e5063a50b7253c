"""The entries of a listing by busybox: one line of its `stat` each, ended by two slashes, which no path holds."""

from __future__ import annotations

import re

from appliance.pull.listing.columns import clamped
from appliance.pull.listing.entry import Entry, Hostile, device_number

_END_OF_LINE = b"//\n"
_END = b"end"
# Mode, owner, group, size, links, inode, device, blocks, rdev in two parts, seconds twice, times twice, path.
_LINE = re.compile(
    rb"([0-9a-f]{1,8}) (\d{1,20}) (\d{1,20}) (\d{1,20}) (\d{1,20}) (\d{1,20}) (\d{1,20}) (\d{1,20}) "
    rb"([0-9a-f]{1,8}) ([0-9a-f]{1,8}) (-?\d{1,20}) (-?\d{1,20})\|([^|\0]*)\|([^|\0]*)\|(/[^\0]*)",
    re.DOTALL,
)
_FRACTION = re.compile(rb"\.(\d{9})")


def taken(text: bytes) -> tuple[list[bytes], bytes, bool]:
    """Split off whole lines: the lines, what is left, and whether that is what comes after the last line.

    Raises Hostile.
    """
    # No path holds a NUL, so the first one is what ends the word after the last line.
    head, nul, after = text.partition(b"\0")
    *lines, rest = head.split(_END_OF_LINE)
    if not nul:
        return lines, rest, False
    if rest != _END:
        raise Hostile("the listing has a line that stat does not write")
    return lines, after, True


def read(line: bytes) -> Entry:
    """Read one line; raises Hostile."""
    found = _LINE.fullmatch(line)
    if found is None or (path := found[15]) != b"/" + path.strip(b"/"):
        raise Hostile("the listing has a line that stat does not write")
    uid, gid, size, nlink, inode, device, blocks = (int(found[number]) for number in range(2, 9))
    times = clamped([_time(found[11], found[13]), _time(found[12], found[14])])
    return Entry(
        path=path,
        mode=int(found[1], 16),
        uid=uid,
        gid=gid,
        size=size,
        nlink=nlink,
        inode=inode,
        device=device,
        blocks=blocks,
        rdev=device_number(found[9], found[10]),
        mtime_ns=times[0],
        ctime_ns=times[1],
    )


def _time(seconds: bytes, text: bytes) -> int:
    fraction = _FRACTION.search(text)
    return int(seconds) * 1_000_000_000 + (int(fraction[1]) if fraction else 0)
