"""An archive's members as a tar for the client: only what cannot lead astray there, folders closed until the end."""

from __future__ import annotations

import os
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, cast

from appliance.pull.restores.members import Kind, safe_parts
from appliance.pull.restores.placing import NO_SOURCE, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.pull.restores.export import Export
    from appliance.pull.restores.members import Member
    from appliance.pull.restores.report import Report
    from appliance.pull.restores.tar_pipe import TarPipe
    from appliance.pull.voice import Voice

_CHUNK = 1 << 18
_CLOSED = 0o700
_TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.FOLDER: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
    Kind.HARD_LINK: tarfile.LNKTYPE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is there before a restore in place: folders that stay as they are until their turn, and links in the way.

    Nobody could look at folders whose names are not UTF-8: Borg lists those bytes as question marks.
    """

    is_looked_at: bool = False
    folders: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Sending:
    """Writes what an export gives. `keeps_names` sends owners' names along, which the client then maps itself.

    A folder is sent twice: closed to everybody when it comes, and as it was when all is in it. Busybox would give a
    folder its time before anything is in it, and not even root's tar should write where others can already go.
    `is_gnu` tells whose tar unpacks it: busybox makes links at its very end, without owner and time.
    """

    voice: Voice
    report: Report
    keeps_names: bool
    takes_root: bool
    is_gnu: bool
    standing: Standing = Standing()
    on_the_way: frozenset[tuple[bytes, ...]] = frozenset()
    cut: list[str] = field(default_factory=list)
    _links: set[tuple[bytes, ...]] = field(default_factory=set)
    _files: set[int] = field(default_factory=set)
    _folders: list[tarfile.TarInfo] = field(default_factory=list)

    def send_members(self, export: Export, pipe: TarPipe) -> None:
        """Send everything, and the end of a tar; raises Failure."""
        with _writing(pipe) as stream:
            for member, content in export.members():
                self._put(stream, member, content)

    def send_folders(self, pipe: TarPipe) -> None:
        """Send the folders as they were, the deepest first; raises Failure."""
        with _writing(pipe) as stream:
            for folder in sorted(self._folders, key=lambda one: one.name.count("/"), reverse=True):
                _add(stream, folder, None)

    def _put(self, stream: tarfile.TarFile, member: Member, content: IO[bytes] | None) -> None:
        parts = member.parts
        if parts == () and not self.takes_root:
            # The archive's root says how the client's `/` was, which is nothing to a folder made for a restore.
            return
        if why := self._why_not(member):
            self.report.not_restored(member.path, why)
            return
        assert parts is not None  # noqa: S101 - that was the first thing to look at
        info = self._info(member, parts)
        if member.kind is Kind.FOLDER:
            self._put_folder(stream, info, parts)
        else:
            if member.kind is Kind.SYMLINK:
                self._links.add(parts)
                if not self.is_gnu:
                    self.report.links.add(member.path)
            elif member.kind is Kind.FILE:
                self._files.add(hash(parts))
            if not _add(stream, info, content):
                self.cut.append(info.name)
                return
            if info.name in self.cut:
                # It came once more, whole: what fails is behind it.
                self.cut.remove(info.name)
        self.report.restored(member.size if member.kind is Kind.FILE else 0)
        report = self.report
        self.voice.progress(files=report.files, original_size=report.size, deduplicated_size=0, path=member.path)

    def _put_folder(self, stream: tarfile.TarFile, info: tarfile.TarInfo, parts: tuple[bytes, ...]) -> None:
        stands = info.name.removeprefix("./") in self.standing.folders or parts == ()
        if stands and parts in self.on_the_way:
            # It was not asked for, and is there.
            return
        if not stands:
            closed = tarfile.TarInfo(info.name)
            closed.type, closed.mode, closed.mtime = tarfile.DIRTYPE, _CLOSED, info.mtime
            _add(stream, closed, None)
        self._folders.append(info)

    def _why_not(self, member: Member) -> str:
        parts = member.parts
        if parts is None:
            return OUTSIDE
        for folder in (*_above(parts), *((parts,) if member.kind is Kind.FOLDER else ())):
            if folder in self._links:
                return f"a link of the archive stands at {_shown(folder)}, and links are not followed"
            if self.standing.is_looked_at and not _is_utf8(folder[-1]):
                return "its folder's name is not UTF-8, so it is not restored in place; take a new folder for it"
            if _shown(folder) in self.standing.links:
                return f"a link stands at {_shown(folder)} on the client, and links are not followed"
        if member.kind is Kind.HARD_LINK:
            first = safe_parts(member.target)
            if first is None or hash(first) not in self._files or any(above in self._links for above in _above(first)):
                return NO_SOURCE
        return ""

    def _info(self, member: Member, parts: tuple[bytes, ...]) -> tarfile.TarInfo:
        # With a ./ before it no tar takes a name for an option, or strips anything from it.
        info = tarfile.TarInfo(f"./{_shown(parts)}" if parts else ".")
        info.type = _TYPES.get(member.kind, member.type)
        info.mode, (info.uid, info.gid), info.mtime = member.mode, member.owner, member.mtime
        info.devmajor, info.devminor = member.device
        if self.keeps_names:
            info.uname, info.gname = member.names
        if member.kind is Kind.FILE:
            info.size = member.size
        elif member.kind is Kind.HARD_LINK:
            info.linkname = f"./{_shown(safe_parts(member.target) or ())}"
        else:
            info.linkname = member.target
        return info


@contextmanager
def _writing(pipe: TarPipe) -> Iterator[tarfile.TarFile]:
    """Write a tar into the pipe; it gets its end only where the block came to its own."""
    stream = tarfile.open(  # noqa: SIM115 - see above
        fileobj=cast("Any", pipe),
        mode="w|",
        bufsize=_CHUNK,
        format=tarfile.GNU_FORMAT,
        encoding="utf-8",
        errors="surrogateescape",
    )
    cast("Any", stream).copybufsize = _CHUNK
    yield stream
    stream.close()


class _Filled:
    """A member's content, filled up with zeros where it ends too early: its size stands in the tar already."""

    def __init__(self, content: IO[bytes] | None) -> None:
        self._content = content
        self.is_cut = False

    def read(self, size: int) -> bytes:
        data = b""
        if not self.is_cut:
            try:
                data = self._content.read(size) if self._content else b""
            except tarfile.TarError:
                # Borg's exit code says why; the next pass leaves this one out.
                data = b""
        self.is_cut = len(data) < size
        return data + bytes(size - len(data))


def _add(stream: tarfile.TarFile, info: tarfile.TarInfo, content: IO[bytes] | None) -> bool:
    """Write one member; returns whether its content was all there."""
    filled = _Filled(content)
    stream.addfile(info, cast("Any", filled) if info.size else None)
    # What was written is of no use any more, and there may be millions.
    cast("Any", stream).members.clear()
    return not filled.is_cut


def _above(parts: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    return (parts[:depth] for depth in range(1, len(parts)))


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _shown(parts: tuple[bytes, ...]) -> str:
    return "/".join(os.fsdecode(part) for part in parts)
