"""What is asked in SFTP version 3, as values (draft-ietf-secsh-filexfer-02, and PROTOCOL of OpenSSH)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

VERSION = 3
# What every server must take; more is not more speed, with many requests under way.
LARGEST_WRITE = 32768

POSIX_RENAME = "posix-rename@openssh.com"
HARD_LINK = "hardlink@openssh.com"
SET_OF_LINK = "lsetstat@openssh.com"
ROOM = "statvfs@openssh.com"
LIMITS = "limits@openssh.com"

_OWNER, _MODE, _TIMES = 2, 4, 8
_READ, _WRITE, _CREATE, _EXCLUSIVE = 1, 2, 8, 32
_LATEST = 2**32 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What SFTP knows of a file; None is what was not said. Times in seconds, sizes in bytes."""

    size: int | None = None
    owner: tuple[int, int] | None = None
    mode: int | None = None
    mtime: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request without its number."""

    kind: int
    body: bytes

    def numbered(self, number: int) -> bytes:
        """The packet."""
        return struct.pack(">IBI", len(self.body) + 5, self.kind, number) + self.body


def hello() -> bytes:
    """The first packet, which has no number."""
    return struct.pack(">IBI", 5, 1, VERSION)


def make_file(path: bytes) -> Request:
    """Make a file for its owner alone and open it for writing; it must not be there, not even as a link."""
    return Request(3, _text(path) + struct.pack(">I", _WRITE | _CREATE | _EXCLUSIVE) + _pack(Attributes(mode=0o600)))


def open_to_read(path: bytes) -> Request:
    """Open a file for reading; follows a link."""
    return Request(3, _text(path) + struct.pack(">I", _READ) + _pack(Attributes()))


def read(handle: bytes, offset: int, length: int) -> Request:
    """Read that many bytes from there; the reply may hold fewer, and none beyond the end (END_OF_FILE)."""
    return Request(5, _text(handle) + struct.pack(">QI", offset, length))


def look_at_open(handle: bytes) -> Request:
    """Ask for the attributes of what is open."""
    return Request(8, _text(handle))


def close(handle: bytes) -> Request:
    """Close a file or a folder."""
    return Request(4, _text(handle))


def write(handle: bytes, offset: int, data: bytes) -> Request:
    """Write at that place."""
    return Request(6, _text(handle) + struct.pack(">Q", offset) + _text(data))


def look_at(path: bytes) -> Request:
    """Ask for the attributes, of a link its own."""
    return Request(7, _text(path))


def set_by_path(path: bytes, attributes: Attributes) -> Request:
    """Set attributes; follows a link."""
    return Request(9, _text(path) + _pack(attributes))


def set_by_handle(handle: bytes, attributes: Attributes) -> Request:
    """Set attributes of what is open."""
    return Request(10, _text(handle) + _pack(attributes))


def open_folder(path: bytes) -> Request:
    """Open a folder to read its names."""
    return Request(11, _text(path))


def read_folder(handle: bytes) -> Request:
    """Read the next names."""
    return Request(12, _text(handle))


def remove(path: bytes) -> Request:
    """Remove a file or a link."""
    return Request(13, _text(path))


def make_folder(path: bytes) -> Request:
    """Make a folder for its owner alone."""
    return Request(14, _text(path) + _pack(Attributes(mode=0o700)))


def remove_folder(path: bytes) -> Request:
    """Remove a folder; it must be empty."""
    return Request(15, _text(path))


def resolve(path: bytes) -> Request:
    """Ask for the path without links."""
    return Request(16, _text(path))


def rename(old: bytes, new: bytes) -> Request:
    """Rename, where nothing has the new name."""
    return Request(18, _text(old) + _text(new))


def read_link(path: bytes) -> Request:
    """Ask where a symbolic link leads; the reply holds one name."""
    return Request(19, _text(path))


def make_link(target: bytes, path: bytes) -> Request:
    """Make a symbolic link, in the order of OpenSSH, which is not that of the draft."""
    return Request(20, _text(target) + _text(path))


def extended(name: str, *arguments: bytes) -> Request:
    """Ask for an extension that takes texts or nothing: POSIX_RENAME, HARD_LINK, ROOM, LIMITS."""
    return Request(200, _text(name.encode()) + b"".join(_text(one) for one in arguments))


def set_of_link(path: bytes, attributes: Attributes) -> Request:
    """Set attributes of a link itself (extension SET_OF_LINK)."""
    return Request(200, _text(SET_OF_LINK.encode()) + _text(path) + _pack(attributes))


def _text(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


def _pack(attributes: Attributes) -> bytes:
    flags, packed = 0, b""
    if attributes.owner is not None:
        flags, packed = flags | _OWNER, packed + struct.pack(">II", *attributes.owner)
    if attributes.mode is not None:
        flags, packed = flags | _MODE, packed + struct.pack(">I", attributes.mode)
    if attributes.mtime is not None:
        moment = min(max(attributes.mtime, 0), _LATEST)
        flags, packed = flags | _TIMES, packed + struct.pack(">II", moment, moment)
    return struct.pack(">I", flags) + packed
