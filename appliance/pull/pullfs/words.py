"""What the file system's process says to the controller: lines on its standard error, among those of its ssh."""

from __future__ import annotations

from dataclasses import dataclass

_PREFIX = "pullfs: "
LISTING = "listing"
READY = "ready"
FAILED = "failed"
FETCHED = "fetched"
# In READY: no program of the client listed it.
BY_SFTP = "SFTP"


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
    return Said(word, note)
