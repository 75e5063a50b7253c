"""One file of a client as a listing tells it, and what is said when a listing cannot be true."""

from __future__ import annotations

import os
from dataclasses import dataclass

from appliance.errors import BorgpullError

LONGEST_NAME = 255
LONGEST_PATH = 4096
# Linux has 12 and 20 bits for the two parts of a device's number, and FUSE carries no more.
_LARGEST_MAJOR, _LARGEST_MINOR = 0xFFF, 0xFFFFF


class Hostile(BorgpullError):  # noqa: N818 - what the listing is, not a fault of ours
    """No honest client says this: the sentence tells what; nothing of the listing may be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file, folder, link or device, as lstat on the client has it.

    `path` is absolute and normalised, without a slash at its end; b"/" is the root. `mode` has the type's bits. Times
    are nanoseconds since 1970, sizes bytes, `blocks` units of 512 bytes (0: not known). `device` is what it lies on,
    `rdev` what it is. `readable` is whether the client's user may read it, or enter it.
    """

    path: bytes
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    nlink: int = 1
    inode: int = 0
    device: int = 0
    rdev: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    blocks: int = 0
    target: bytes = b""
    readable: bool = True
    xattrs: tuple[tuple[bytes, bytes], ...] = ()


def device_number(major: bytes, minor: bytes) -> int:
    """Put together what a device file is, from its two parts in hexadecimal; raises Hostile for what Linux has not."""
    parts = int(major, 16), int(minor, 16)
    if parts[0] > _LARGEST_MAJOR or parts[1] > _LARGEST_MINOR:
        raise Hostile("the listing has a device of a number that no device has")
    return os.makedev(*parts)
