"""What the file system's process says to the controller: lines on its standard error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PREFIX = "pullfs: "
LISTING = "listing"
READY = "ready"
FAILED = "failed"
FETCHED = "fetched"
# What an ssh said, and so maybe the client: never to be taken for one of the others.
SSH = "ssh"
# If anybody else should reach the pipe, a word of ours still counts only with a note that is ours.
_NOTES = {
    LISTING: re.compile(r"[0-9]{1,20}"),
    READY: re.compile(r"[0-9]{1,20} \S+ [01](?: \S+)*"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One line: one of the words above, and what belongs to it."""

    word: str
    note: str = ""


def line(word: str, note: object = "") -> str:
    """Return the line."""
    return f"{_PREFIX}{word} {note}".rstrip() + "\n"


def read(text: str) -> Said | None:
    """Read a line; None where somebody else has said it."""
    if not text.startswith(_PREFIX):
        return None
    word, _, note = text.removeprefix(_PREFIX).strip().partition(" ")
    is_ours = word not in _NOTES or _NOTES[word].fullmatch(note)
    return Said(word, note) if is_ours else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What is known once the client is listed: how many files, by which tool, what of them is shown beyond SFTP.

    `lists_xattrs` is whether extended attributes and ACLs could be listed; that none is `shown` may also mean that
    there is none.
    """

    count: int
    tool: str
    shown: frozenset[str]
    lists_xattrs: bool


def ready(count: int, tool: str, shown: Iterable[str], *, lists_xattrs: bool = False) -> str:
    """Return the note of READY."""
    return " ".join((str(count), tool, str(int(lists_xattrs)), *shown))


def read_ready(note: str) -> Ready:
    """Read the note of READY, as `read` has let it through."""
    count, tool, lists_xattrs, *shown = note.split()
    return Ready(count=int(count), tool=tool, shown=frozenset(shown), lists_xattrs=lists_xattrs == "1")
