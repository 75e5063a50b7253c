"""An SFTP server over pipes that works on real folders; what only root may do it writes down instead."""

from __future__ import annotations

import errno
import os
import stat
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.pull import link
from appliance.pull.sftp.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENSSH = ("posix-rename@openssh.com", "hardlink@openssh.com", "lsetstat@openssh.com", "statvfs@openssh.com")
_CODES = {errno.ENOENT: 2, errno.ENOTDIR: 2, errno.EACCES: 3, errno.EPERM: 3}


@dataclass
class SftpServer:
    """How it behaves, and what was asked of it. `owners` are by path, as fchown or lchown would have left them."""

    extensions: tuple[str, ...] = OPENSSH
    gives_owners: bool = True
    links_by_the_draft: bool = False
    room: int | None = None
    dies_after: int | None = None
    owners: dict[str, tuple[int, int]] = field(default_factory=dict)
    followed: list[str] = field(default_factory=list)
    _open: dict[bytes, tuple[int, str]] = field(default_factory=dict)
    _folders: int = 0

    def serve(self, incoming: int, outgoing: int) -> None:
        with os.fdopen(incoming, "rb") as requests, os.fdopen(outgoing, "wb", buffering=0) as replies:
            while len(head := requests.read(4)) == 4:
                packet = requests.read(struct.unpack(">I", head)[0])
                if self.dies_after is not None:
                    self.dies_after -= 1
                if self.dies_after == 0:
                    return
                try:
                    replies.write(self._framed(self._answer(packet)))
                except BrokenPipeError:
                    return

    def _framed(self, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + body

    def _answer(self, packet: bytes) -> bytes:
        if packet[0] == 1:
            return struct.pack(">BI", 2, 3) + b"".join(_text(name.encode()) + _text(b"1") for name in self.extensions)
        number = packet[1:5]
        reader = _Reader(packet[5:])
        try:
            return self._do(packet[0], reader, number)
        except OSError as error:
            return b"\x65" + number + struct.pack(">I", _CODES.get(error.errno or 0, 4)) + _text(b"no") + _text(b"")

    def _do(self, kind: int, reader: _Reader, number: bytes) -> bytes:  # noqa: C901, PLR0911, PLR0912, PLR0915 - a table
        done = b"\x65" + number + struct.pack(">I", 0) + _text(b"") + _text(b"")
        match kind:
            case 3:
                path, flags, attributes = reader.text(), reader.number(), reader.attributes()
                assert flags == 2 | 8 | 32
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, attributes["mode"])
                self._open[str(handle).encode()] = (handle, os.fsdecode(path))
                return b"\x66" + number + _text(str(handle).encode())
            case 4:
                handle, _ = self._open.pop(reader.text())
                if handle >= 0:
                    os.close(handle)
            case 6:
                handle, _ = self._open[reader.text()]
                offset, data = reader.long(), reader.text()
                if self.room is not None and self.room < len(data):
                    raise OSError(errno.ENOSPC, "full")
                os.pwrite(handle, data, offset)
                if self.room is not None:
                    self.room -= len(data)
            case 7:
                return b"\x69" + number + _attributes(os.lstat(reader.text()))
            case 9:
                path = reader.text()
                if Path(os.fsdecode(path)).is_symlink():
                    self.followed.append(os.fsdecode(path))
                self._set(path, os.fsdecode(path), reader.attributes())
            case 10:
                handle, name = self._open[reader.text()]
                self._set(handle, name, reader.attributes())
            case 11:
                path = reader.text()
                os.scandir(path).close()
                self._folders += 1
                folder = b"folder %d" % self._folders
                self._open[folder] = (-1, os.fsdecode(path))
                return b"\x66" + number + _text(folder)
            case 12:
                return self._names(reader.text(), number)
            case 13:
                os.unlink(reader.text())  # noqa: PTH108 - bytes
            case 14:
                os.mkdir(reader.text(), reader.attributes()["mode"])  # noqa: PTH102 - bytes
            case 15:
                os.rmdir(reader.text())  # noqa: PTH106 - bytes
            case 16:
                path = os.path.realpath(reader.text(), strict=True)
                return b"\x68" + number + struct.pack(">I", 1) + _text(path) + _text(b"") + struct.pack(">I", 0)
            case 20:
                first, second = reader.text(), reader.text()
                os.symlink(*((second, first) if self.links_by_the_draft else (first, second)))  # noqa: PTH211 - bytes
            case 18:
                old, new = reader.text(), reader.text()
                if os.path.lexists(new):
                    raise OSError(errno.EEXIST, "there")
                os.rename(old, new)  # noqa: PTH104 - bytes
                self._moved(old, new)
            case 200:
                return self._extended(reader, number) or done
            case _:
                raise OSError(errno.ENOSYS, "unknown")
        return done

    def _extended(self, reader: _Reader, number: bytes) -> bytes | None:
        name = reader.text().decode()
        if name not in self.extensions:
            raise OSError(errno.ENOSYS, "unknown")
        path = reader.text()
        match name.partition("@")[0]:
            case "posix-rename":
                new = reader.text()
                os.replace(path, new)  # noqa: PTH105 - bytes
                self._moved(path, new)
            case "hardlink":
                os.link(path, reader.text(), follow_symlinks=False)
            case "lsetstat":
                attributes = reader.attributes()
                if "mode" in attributes and Path(os.fsdecode(path)).is_symlink():
                    raise OSError(errno.EOPNOTSUPP, "no")
                self._set(path, os.fsdecode(path), attributes, follow=False)
            case "statvfs":
                free = 10**9 if self.room is None else self.room
                return b"\xc9" + number + struct.pack(">11Q", 1, 1, 10**9, free, free, 10, 10, 10, 0, 0, 255)
            case _:
                pass
        return None

    def _names(self, handle: bytes, number: bytes) -> bytes:
        _, path = self._open[handle]
        if not path:
            return b"\x65" + number + struct.pack(">I", 1) + _text(b"") + _text(b"")
        self._open[handle] = (-1, "")
        entries = [(b".", os.lstat(path)), *((entry.name, entry.stat(follow_symlinks=False)) for entry in _scan(path))]
        packed = b"".join(_text(name) + _text(b"long") + _attributes(status) for name, status in entries)
        return b"\x68" + number + struct.pack(">I", len(entries)) + packed

    def _set(self, place: bytes | int, name: str, wanted: dict[str, int], *, follow: bool = True) -> None:
        if "uid" in wanted:
            if not self.gives_owners:
                raise OSError(errno.EPERM, "no")
            self.owners[name] = (wanted["uid"], wanted["gid"])
        if "mode" in wanted:
            os.chmod(place, wanted["mode"])  # noqa: PTH101 - a handle or bytes
        if "mtime" in wanted:
            moment = (wanted["mtime"], wanted["mtime"])
            if follow:
                os.utime(place, moment)
            else:
                os.utime(place, moment, follow_symlinks=False)

    def _moved(self, old: bytes, new: bytes) -> None:
        if owner := self.owners.pop(os.fsdecode(old), None):
            self.owners[os.fsdecode(new)] = owner


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def number(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def long(self) -> int:
        return int.from_bytes(self._take(8), "big")

    def text(self) -> bytes:
        return self._take(self.number())

    def attributes(self) -> dict[str, int]:
        flags = self.number()
        found: dict[str, int] = {}
        for flag, names in ((2, ("uid", "gid")), (4, ("mode",)), (8, ("atime", "mtime"))):
            found |= {name: self.number() for name in names} if flags & flag else {}
        return found

    def _take(self, size: int) -> bytes:
        taken, self._body = self._body[:size], self._body[size:]
        return taken


def _scan(path: str) -> list[os.DirEntry[bytes]]:
    with os.scandir(os.fsencode(path)) as entries:
        return list(entries)


def _attributes(status: os.stat_result) -> bytes:
    owner = (status.st_uid, status.st_gid)
    mtime = int(status.st_mtime)
    return struct.pack(">IQIIIII", 15, status.st_size, *owner, status.st_mode, mtime, mtime)


def _text(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


@contextmanager
def talking(server: SftpServer) -> Iterator[tuple[Session, link.Link]]:
    """A session with that server, greeted, and the root half's end of the link."""
    to_server, from_us = os.pipe()
    to_us, from_server = os.pipe()
    ours, theirs = link.pair()
    thread = threading.Thread(target=server.serve, args=(to_server, from_server), daemon=True)
    thread.start()
    try:
        session = Session(link.Link(theirs), out=to_us, into=from_us)
        session.greet()
        yield session, link.Link(ours)
    finally:
        os.close(from_us)
        thread.join(10)
        os.close(to_us)
        ours.close()
        theirs.close()


def kind_of(path: Path) -> str:
    """Name what stands there, without following it."""
    return {stat.S_IFLNK: "link", stat.S_IFDIR: "folder", stat.S_IFREG: "file"}[stat.S_IFMT(path.lstat().st_mode)]
