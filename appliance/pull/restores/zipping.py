"""A tar that comes in goes out as a zip, member by member; what a zip cannot hold is left out and named."""

from __future__ import annotations

import posixpath
import stat
import tarfile
import threading
import time
import zipfile
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 18
# Zip counts years from 1980 and in seven bits.
_FIRST, _LAST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)
_LARGE = 1 << 31
_KEPT = 100


class Zipping(threading.Thread):
    """Reads `source` to its end and writes to `sink`; only `finish` makes the zip a whole one."""

    def __init__(self, source: IO[bytes], sink: IO[bytes]) -> None:
        """Nothing is read yet."""
        super().__init__(name="zipping", daemon=True)
        self._source, self._sink = source, sink
        self._zip = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)
        self.trouble: Exception | None = None
        self.left_out: list[str] = []
        self.left_out_count = 0

    def run(self) -> None:
        """Do it; what goes wrong stands in `trouble`, and whoever writes the tar finds nobody who reads it."""
        try:
            with self._source:
                for info, content in _members(self._source):
                    self._put(info, content)
        except (OSError, tarfile.TarError, zipfile.BadZipFile, ValueError) as error:
            self.trouble = error

    def finish(self) -> None:
        """Write the list at a zip's end, without which no program takes it for one."""
        try:
            self._zip.close()
            self._sink.close()
        except OSError as error:
            self.trouble = error
            self.abandon()

    def abandon(self) -> None:
        """Make sure that nobody writes that list, not even at the end of this object."""
        cast("Any", self._zip).fp = None
        with suppress(OSError):
            self._sink.close()

    def _put(self, info: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        if info.ischr() or info.isblk() or info.isfifo():
            self._leave_out(f"{info.name}: not restored: a zip holds neither fifos nor devices")
            return
        entry = _entry(info)
        if info.issym():
            self._zip.writestr(entry, info.linkname.encode("utf-8", "surrogateescape"))
        elif info.islnk():
            first = posixpath.relpath(info.linkname, posixpath.dirname(info.name) or ".")
            self._zip.writestr(entry, first.encode("utf-8", "surrogateescape"))
            self._leave_out(f"{info.name}: a zip holds no hard links: there it is a symbolic link to {first}")
        elif info.isdir():
            self._zip.writestr(entry, b"")
        elif content is not None:
            with self._zip.open(entry, "w", force_zip64=info.size >= _LARGE) as out:
                while chunk := content.read(_CHUNK):
                    out.write(chunk)

    def _leave_out(self, sentence: str) -> None:
        self.left_out_count += 1
        if len(self.left_out) < _KEPT:
            self.left_out.append(sentence)


def _entry(info: tarfile.TarInfo) -> zipfile.ZipInfo:
    # A name that is no UTF-8 has no place in a zip: each such byte becomes a question mark there.
    name = info.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\ufffd", "?")
    moment = time.gmtime(info.mtime)[:6]
    entry = zipfile.ZipInfo(f"{name}/" if info.isdir() else name, min(max(moment, _FIRST), _LAST))
    kind = stat.S_IFDIR if info.isdir() else stat.S_IFLNK if info.issym() or info.islnk() else stat.S_IFREG
    entry.create_system = 3
    entry.external_attr = (kind | (info.mode & 0o7777)) << 16
    entry.compress_type = zipfile.ZIP_STORED if info.isdir() else zipfile.ZIP_DEFLATED
    return entry


def _members(source: IO[bytes]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    with tarfile.open(fileobj=source, mode="r|", bufsize=_CHUNK, encoding="utf-8", errors="surrogateescape") as stream:
        while (info := stream.next()) is not None:
            yield info, stream.extractfile(info) if info.isreg() else None
            # There may be millions, and what was read is of no use any more.
            cast("Any", stream).members.clear()
        # Borg must be able to write what pads its last block.
        while source.read(_CHUNK):
            pass
