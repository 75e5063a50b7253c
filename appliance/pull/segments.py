"""The files of the repository: its last transaction, what is newer than a given one, and taking that back.

Borg only ever appends segments, and a transaction is named by its last one; without a compact between them, everything
up to it is still there (borg docs/usage/notes.rst, "append-only mode").
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan import places

if TYPE_CHECKING:
    from appliance.plan.run_plan import GoodPoint

_ROOT = Path(places.REPOSITORY)
# What Borg derives from the segments, and makes anew from them.
_DERIVED = ("index.", "hints.", "integrity.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The last transaction, and how many segment files there are up to it."""

    transaction: int
    segments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment file."""

    number: int
    file: Path
    size: int
    written: datetime


def standing(root: Path = _ROOT) -> Standing | None:
    """Return how the repository stands; None where there is no index, and Borg has to look for itself first."""
    numbers = [int(file.suffix[1:]) for file in root.glob("index.*") if file.suffix[1:].isdigit()]
    if not numbers:
        return None
    transaction = max(numbers)
    return Standing(transaction=transaction, segments=len(_up_to(transaction, root)))


def newer_than(point: GoodPoint, root: Path = _ROOT) -> tuple[Segment, ...]:
    """Return the segments that a rollback to that point would take away, newest first."""
    found = [_segment(number, file) for number, file in _files(root) if number > point.transaction]
    return tuple(sorted(found, key=lambda segment: -segment.number))


def lost_since(point: GoodPoint, root: Path = _ROOT) -> int:
    """Count the segments of that point that are not there any more: a compact has been here, and that is final."""
    return max(0, point.segments - len(_up_to(point.transaction, root)))


def move_aside(point: GoodPoint, folder: Path, root: Path = _ROOT) -> None:
    """Take everything newer than that point out of Borg's sight, into a folder of the repository that Borg ignores.

    First what Borg derives, then the newest segment first: interrupted anywhere, the rest can be moved by another try.
    """
    folder.mkdir(mode=0o700)
    for file in sorted(root.iterdir()):
        if file.name.startswith(_DERIVED):
            file.rename(folder / file.name)
    for segment in newer_than(point, root):
        place = folder / segment.file.relative_to(root)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        segment.file.rename(place)
    for changed in (folder, root):
        flush(changed)


def _up_to(transaction: int, root: Path) -> list[int]:
    return [number for number, _ in _files(root) if number <= transaction]


def _files(root: Path) -> list[tuple[int, Path]]:
    return [(int(file.name), file) for file in (root / "data").glob("*/*") if file.name.isdigit()]


def _segment(number: int, file: Path) -> Segment:
    state = file.stat()
    return Segment(number=number, file=file, size=state.st_size, written=datetime.fromtimestamp(state.st_mtime, tz=UTC))


def flush(folder: Path) -> None:
    """Bring to the disk which names the folder has."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
