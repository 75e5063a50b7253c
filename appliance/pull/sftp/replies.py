"""What an SFTP server replies, read and bounded: it is the client's text."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from appliance.pull.sftp.packets import Attributes

# A reply that is longer is none: names of one folder come in portions of far less.
LARGEST_REPLY = 1 << 20
END_OF_FILE, NO_SUCH_FILE, NO_PERMISSION, FAILED, UNSUPPORTED = 1, 2, 3, 4, 8
_OK = 0
_WORDS = {NO_SUCH_FILE: "no such file", NO_PERMISSION: "permission denied", UNSUPPORTED: "not supported there"}
_SIZE, _OWNER, _MODE, _TIMES, _MORE = 1, 2, 4, 8, 0x80000000
# draft-ietf-secsh-filexfer-02, section 3. Thousands may be kept at a time.
_LONGEST_HANDLE = 256
_LEAST_ROOM = 1 << 20


class ProtocolError(Exception):
    """The other side does not speak SFTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Any reply: whether it worked, else in a few words why not; and what came with it."""

    code: int = _OK
    handle: bytes = b""
    attributes: Attributes | None = None
    names: tuple[tuple[bytes, Attributes], ...] = ()
    data: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether it worked."""
        return self.code == _OK

    @property
    def why(self) -> str:
        """Why it did not, in a few words of ours: the server's own are the client's text."""
        return _WORDS.get(self.code, "the client refuses it")


def read_hello(packet: bytes) -> frozenset[str]:
    """Return the extensions that the server names in its first packet."""
    if len(packet) < 5 or packet[0] != 2:  # noqa: PLR2004 - type and version
        raise ProtocolError
    texts, place = [], 5
    try:
        while place < len(packet):
            text, place = _take_text(packet, place)
            texts.append(text.decode("utf-8", "replace"))
    except struct.error as error:
        raise ProtocolError from error
    return frozenset(texts[::2])


def read_reply(packet: bytes) -> tuple[int, Reply]:
    """Return the number and what was replied; raises ProtocolError."""
    try:
        kind, number = struct.unpack_from(">BI", packet)
        return number, _read(kind, packet)
    except (struct.error, IndexError) as error:
        raise ProtocolError from error


def _read(kind: int, packet: bytes) -> Reply:
    match kind:
        case 101:
            return Reply(code=struct.unpack_from(">I", packet, 5)[0])
        case 102:
            return Reply(handle=_take_handle(packet))
        case 103:
            return Reply(data=_take_text(packet, 5)[0])
        case 104:
            return Reply(names=_take_names(packet))
        case 105:
            return Reply(attributes=_take_attributes(packet, 5)[0])
        case 201:
            return Reply(data=packet[5:])
        case _:
            raise ProtocolError


def _take_handle(packet: bytes) -> bytes:
    handle, _ = _take_text(packet, 5)
    if len(handle) > _LONGEST_HANDLE:
        raise ProtocolError
    return handle


def _take_names(packet: bytes) -> tuple[tuple[bytes, Attributes], ...]:
    (count,) = struct.unpack_from(">I", packet, 5)
    names, place = [], 9
    for _ in range(count):
        name, place = _take_text(packet, place)
        _, place = _take_text(packet, place)
        attributes, place = _take_attributes(packet, place)
        names.append((name, attributes))
    return tuple(names)


def _take_attributes(packet: bytes, place: int) -> tuple[Attributes, int]:
    (flags,) = struct.unpack_from(">I", packet, place)
    place += 4
    size = owner = mode = mtime = None
    if flags & _SIZE:
        (size,), place = struct.unpack_from(">Q", packet, place), place + 8
    if flags & _OWNER:
        owner, place = struct.unpack_from(">II", packet, place), place + 8
    if flags & _MODE:
        (mode,), place = struct.unpack_from(">I", packet, place), place + 4
    if flags & _TIMES:
        (_, mtime), place = struct.unpack_from(">II", packet, place), place + 8
    if flags & _MORE:
        (count,), place = struct.unpack_from(">I", packet, place), place + 4
        for _ in range(2 * count):
            _, place = _take_text(packet, place)
    return Attributes(size=size, owner=owner, mode=mode, mtime=mtime), place


def _take_text(packet: bytes, place: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">I", packet, place)
    end = place + 4 + length
    if end > len(packet):
        raise ProtocolError
    return packet[place + 4 : end], end


def has_room(data: bytes) -> bool:
    """Whether a disk can still take something, as the reply to ROOM has it; raises nothing: what is odd is room."""
    if len(data) < 11 * 8:
        return True
    _, block, _, _, blocks, files, _, free_files, *_ = struct.unpack_from(">11Q", data)
    return bool(block * blocks >= _LEAST_ROOM and (free_files > 0 or files == 0))


def most_handles(data: bytes) -> int:
    """How many handles it may have open at once, as the reply to LIMITS has it; 0 where that does not say."""
    # Of a packet, of a read, of a write, and handles.
    return int(struct.unpack_from(">4Q", data)[3]) if len(data) >= 4 * 8 else 0
