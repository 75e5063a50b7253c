"""The client's passwd and group as data: parsed, bounded and written anew, so that only names and numbers pass."""

from __future__ import annotations

import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FILES = ("passwd", "group")
# A home has tens of entries, a university tens of thousands; more is an attack on memory.
LARGEST_BYTES = 4 << 20
_LONGEST_NAME = 256
_PASSWD_FIELDS = 4
_GROUP_FIELDS = 3
_LARGEST_ID = 2**32 - 2
_NUMBERS = "Owners are numbers without names in this archive"
_AS_IT_SHOULD_BE = 'if that is as it should be, `names = "numeric"` says so'


def without_passwd(client: str) -> str:
    """Say that nobody knows the names of that client's owners, and what to do."""
    return f"{_NUMBERS}: {client} has no /etc/passwd that can be read by SFTP; {_AS_IT_SHOULD_BE}."


def lacking_in_the_chroot(client: str, root: Path) -> str:
    """Say the same of a client whose files are below a listed root; "" where both are there."""
    lacking = not_in_the_chroot(root)
    if not lacking:
        return ""
    are = "are links or missing" if len(lacking) > 1 else "is a link or missing"
    return (
        f"{_NUMBERS}: {' and '.join(lacking)} of {client} {are}, so not listed; "
        f'`names = "client"` fetches the names, and {_AS_IT_SHOULD_BE}.'
    )


def clean_passwd(text: str) -> str:
    """Keep `name:x:uid:gid` of every well-formed line; home, shell and comment play no part in a backup."""
    kept = []
    for line in text.split("\n"):
        fields = line.split(":")
        if len(fields) >= _PASSWD_FIELDS and _is_name(fields[0]) and _is_id(fields[2]) and _is_id(fields[3]):
            kept.append(f"{fields[0]}:x:{fields[2]}:{fields[3]}::/:/bin/false")
    return "".join(f"{line}\n" for line in kept)


def clean_group(text: str) -> str:
    """Keep `name:x:gid` of every well-formed line; members play no part in a backup."""
    kept = []
    for line in text.split("\n"):
        fields = line.split(":")
        if len(fields) >= _GROUP_FIELDS and _is_name(fields[0]) and _is_id(fields[2]):
            kept.append(f"{fields[0]}:x:{fields[2]}:")
    return "".join(f"{line}\n" for line in kept)


def not_in_the_chroot(root: Path) -> tuple[str, ...]:
    """Name those of /etc/passwd and /etc/group that are no plain files below a listed root.

    On some NAS they are links, and a listing holds what was asked for, not what a link of it leads to: in the chroot
    Borg then finds no names, and says nothing.
    """
    return tuple(f"/etc/{name}" for name in _FILES if not all(_kinds_are_right(root, name)))


def _kinds_are_right(root: Path, name: str) -> Iterator[bool]:
    for place, is_right in ((root / "etc", stat.S_ISDIR), (root / "etc" / name, stat.S_ISREG)):
        mode = 0
        with suppress(OSError):
            mode = place.lstat().st_mode
        yield is_right(mode)


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_NAME and text.isprintable() and not text.startswith(("+", "-", "#"))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= _LARGEST_ID
