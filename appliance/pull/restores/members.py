"""What lies in an archive, one thing at a time, as a restore by SFTP sees it; and whose it is to be on the client."""

from __future__ import annotations

import os
import tarfile
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from appliance.pull.sftp.packets import Attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

# Enough to know what was meant; an archive may be full of names that nobody here knows.
_KEPT_NAMES = 20


class Kind(Enum):
    """What a member is."""

    FILE = auto()
    FOLDER = auto()
    SYMLINK = auto()
    HARD_LINK = auto()
    SPECIAL = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member. `parts` is its path, None where that would lead out; `target` is a link's text, or a file's path.

    `type` is the tar's own word for the kind, `device` a device's numbers.
    """

    path: str
    parts: tuple[bytes, ...] | None
    kind: Kind
    mode: int
    owner: tuple[int, int]
    names: tuple[str, str]
    size: int
    mtime: int
    target: str
    type: bytes = tarfile.REGTYPE
    device: tuple[int, int] = (0, 0)


def member(info: tarfile.TarInfo) -> Member:
    """Read a member of the stream that `borg export-tar` writes."""
    kinds = {tarfile.DIRTYPE: Kind.FOLDER, tarfile.SYMTYPE: Kind.SYMLINK, tarfile.LNKTYPE: Kind.HARD_LINK}
    return Member(
        path=info.name,
        parts=safe_parts(info.name),
        kind=Kind.FILE if info.isreg() else kinds.get(info.type, Kind.SPECIAL),
        mode=info.mode & 0o7777,
        owner=(info.uid, info.gid),
        names=(info.uname, info.gname),
        size=info.size,
        mtime=int(info.mtime),
        target=info.linkname,
        type=info.type,
        device=(info.devmajor, info.devminor),
    )


def safe_parts(path: str) -> tuple[bytes, ...] | None:
    """Split a path as it lies in an archive; None where it has a `..` or what no path can hold."""
    parts = tuple(part for part in os.fsencode(path).split(b"/") if part not in (b"", b"."))
    return None if b".." in parts or any(b"\0" in part for part in parts) else parts


@dataclass(slots=True, kw_only=True)
class Owners:
    """Which numbers a member's owner and group have on the client: those of the names, or those of the archive."""

    users: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)
    by_name: bool = False
    strangers: set[str] = field(default_factory=set)
    is_named: bool = False

    def of(self, wanted: Member) -> Attributes:
        """Return owner and group; a name that the client does not know keeps the archive's number."""
        if not self.by_name:
            return Attributes(owner=wanted.owner)
        user, group = wanted.names
        return Attributes(
            owner=(self._number(self.users, user, wanted.owner[0]), self._number(self.groups, group, wanted.owner[1]))
        )

    def _number(self, known: Mapping[str, int], name: str, otherwise: int) -> int:
        if not name:
            return otherwise
        self.is_named = True
        if name not in known and len(self.strangers) < _KEPT_NAMES:
            self.strangers.add(name)
        return known.get(name, otherwise)


def owners_by_name(passwd: str, group: str) -> Owners:
    """Map by the client's own files, as `names.clean_passwd` and `names.clean_group` return them."""
    return Owners(users=_ids(passwd), groups=_ids(group), by_name=True)


def _ids(text: str) -> dict[str, int]:
    rows = [line.split(":") for line in text.splitlines()]
    # The first entry of a name is the one that counts.
    return {row[0]: int(row[2]) for row in reversed(rows)}
