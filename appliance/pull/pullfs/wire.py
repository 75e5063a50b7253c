"""The FUSE protocol as values, as much of it as a read-only file system needs (linux/fuse.h, version 7).

All numbers are of the machine's own byte order. Node 1 is the root.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

ROOT = 1
# Larger than any request that a kernel sends to who takes no writes; the kernel insists on 8 KiB at least.
LARGEST_REQUEST = 1 << 17
# Version 7.23 (Linux 3.15) brought the long answer to INIT; 7.31 is what the numbers here are of.
OLDEST_MINOR, MINOR = 23, 31
MAJOR = 7
# Nothing changes under the kernel's hands but by our own word.
_FOREVER = 1 << 31
_NANOSECONDS = 10**9
_U32, _U64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
_BLOCK_BYTES = 4096

_REQUEST = struct.Struct("=IIQQIIIHH")
_REPLY = struct.Struct("=IiQ")
_INIT_IN = struct.Struct("=IIII")
_INIT_OUT = struct.Struct("=IIIIHHIIHHI28x")
_READ_IN = struct.Struct("=QQI")
_SIZE_IN = struct.Struct("=I")
_ATTRIBUTES = struct.Struct("=QQQQQQIIIIIIIIII")
_ATTRIBUTES_OUT = struct.Struct("=QI4x")
_ENTRY = struct.Struct("=QQQQII")
_DIRENT = struct.Struct("=QQII")
_OPEN_OUT = struct.Struct("=QII")
_STATFS_OUT = struct.Struct("=QQQQQIII28x")
_INVALIDATE = struct.Struct("=Qqq")
_STORE = struct.Struct("=QQI4x")
_XATTR_SIZE_OUT = struct.Struct("=I4x")

HEADER_BYTES = _REQUEST.size
_INVALIDATE_INODE, _STORE_DATA = 2, 4


class Opcode(IntEnum):
    """What the kernel may ask of a read-only file system."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    READLINK = 5
    OPEN = 14
    READ = 15
    STATFS = 17
    RELEASE = 18
    GETXATTR = 22
    LISTXATTR = 23
    INIT = 26
    OPENDIR = 27
    READDIR = 28
    RELEASEDIR = 29
    ACCESS = 34
    INTERRUPT = 36
    DESTROY = 38
    BATCH_FORGET = 42
    READDIRPLUS = 44


# Requests that are told and not asked: no reply to them is allowed.
UNANSWERED = frozenset({Opcode.FORGET, Opcode.BATCH_FORGET, Opcode.INTERRUPT})

_ASYNC_READ, _AUTO_INVALIDATE, _READDIRPLUS = 1 << 0, 1 << 12, 1 << 13
_PARALLEL_DIROPS, _NO_OPEN, _CACHE_SYMLINKS = 1 << 18, 1 << 17, 1 << 23
_WANTED = _ASYNC_READ | _AUTO_INVALIDATE | _READDIRPLUS | _PARALLEL_DIROPS | _NO_OPEN | _CACHE_SYMLINKS


class WrongKernelError(Exception):
    """The kernel speaks a FUSE that is too old, or none."""


class Request(NamedTuple):
    """One request: what, its number, about which node, its body, and the number of the thread that made it.

    That is 0 where nobody did, or nobody of the mount's own.
    """

    opcode: int
    unique: int
    node: int
    body: memoryview
    caller: int = 0


def read_request(packet: memoryview) -> Request:
    """Read one packet of the kernel's."""
    length, opcode, unique, node, _, _, caller, _, _ = _REQUEST.unpack_from(packet)
    return Request(opcode, unique, node, packet[HEADER_BYTES:length], caller)


def read_init(body: memoryview) -> tuple[bool, int, int]:
    """Return whether the kernel can do without open, its read ahead in bytes, and the flags to answer with.

    Raises WrongKernelError.
    """
    major, minor, read_ahead, flags = _INIT_IN.unpack_from(body)
    if major != MAJOR or minor < OLDEST_MINOR:
        raise WrongKernelError(f"the kernel speaks FUSE {major}.{minor}; 7.{OLDEST_MINOR} is needed (Linux 3.15)")
    agreed = flags & _WANTED
    return bool(agreed & _NO_OPEN), read_ahead, agreed


def init_reply(read_ahead: int, flags: int) -> bytes:
    """Agree: times to the nanosecond, no writes."""
    return _INIT_OUT.pack(MAJOR, MINOR, read_ahead, flags, 64, 48, 4096, 1, 0, 0, 0)


def read_wanted(body: memoryview) -> tuple[int, int]:
    """Return offset and length of what READ, READDIR or READDIRPLUS asks for."""
    _, offset, length = _READ_IN.unpack_from(body)
    return offset, length


def read_name(body: memoryview) -> bytes:
    """Return the name that LOOKUP asks for."""
    return bytes(body).partition(b"\0")[0]


def read_xattr(body: memoryview) -> tuple[int, bytes]:
    """Return how much room the caller has (0: how much is needed?), and the name, if one was given."""
    (room,) = _SIZE_IN.unpack_from(body)
    return room, bytes(body[8:]).partition(b"\0")[0]


def reply(unique: int, *parts: bytes | memoryview) -> tuple[bytes | memoryview, ...]:
    """Return the packet of a good reply, in parts to be written at once."""
    return (_REPLY.pack(_REPLY.size + sum(len(part) for part in parts), 0, unique), *parts)


def refusal(unique: int, error: int) -> tuple[bytes | memoryview, ...]:
    """Return the packet of a reply that says no; `error` is a positive errno."""
    return (_REPLY.pack(_REPLY.size, -error, unique),)


def forget_attributes(node: int) -> tuple[bytes | memoryview, ...]:
    """Return the packet that makes the kernel ask for a node's attributes again, and leaves its pages alone."""
    body = _INVALIDATE.pack(node, -1, 0)
    return (_REPLY.pack(_REPLY.size + len(body), _INVALIDATE_INODE, 0), body)


def store(node: int, *parts: memoryview) -> tuple[bytes | memoryview, ...]:
    """Return the packet that puts a file's bytes, from its beginning, into the kernel's pages."""
    length = sum(len(part) for part in parts)
    body = _STORE.pack(node, 0, length)
    return (_REPLY.pack(_REPLY.size + len(body) + length, _STORE_DATA, 0), body, *parts)


def pack_attributes(
    inode: int,
    size: int,
    blocks: int,
    mtime_ns: int,
    ctime_ns: int,
    mode: int,
    nlink: int,
    uid: int,
    gid: int,
    device: int,
) -> bytes:
    """Pack what stat(2) says: size in bytes, `blocks` of 512 bytes, times in nanoseconds since 1970."""
    mtime, mtime_part = divmod(mtime_ns, _NANOSECONDS)
    ctime, ctime_part = divmod(ctime_ns, _NANOSECONDS)
    seconds = mtime & _U64
    return _ATTRIBUTES.pack(
        inode, size, blocks, seconds, seconds, ctime & _U64, mtime_part, mtime_part, ctime_part,
        mode, nlink, uid, gid, device & _U32, _BLOCK_BYTES, 0,
    )  # fmt: skip


def attributes_reply(packed: bytes) -> bytes:
    """Return the body of the reply to GETATTR."""
    return _ATTRIBUTES_OUT.pack(_FOREVER, 0) + packed


def entry(node: int, packed: bytes) -> bytes:
    """Return the body of the reply to LOOKUP."""
    return _ENTRY.pack(node, 0, _FOREVER, _FOREVER, 0, 0) + packed


NO_ENTRY = _ENTRY.pack(0, 0, _FOREVER, 0, 0, 0) + bytes(_ATTRIBUTES.size)


def directory_entry(inode: int, following: int, kind: int, name: bytes) -> bytes:
    """Return one entry of READDIR; `following` is the offset to go on from."""
    return _DIRENT.pack(inode, following, len(name), kind) + name + bytes(-len(name) % 8)


def open_reply() -> bytes:
    """Return the body of the reply to OPEN or OPENDIR: nothing is to be remembered of it."""
    return _OPEN_OUT.pack(0, 0, 0)


def room_reply() -> bytes:
    """Return the body of the reply to STATFS: nothing is known of the client's disk."""
    return _STATFS_OUT.pack(0, 0, 0, 0, 0, 4096, 255, 4096)


def xattr_size(size: int) -> bytes:
    """Return the body of the reply to GETXATTR or LISTXATTR that only asks how much there is."""
    return _XATTR_SIZE_OUT.pack(size)
