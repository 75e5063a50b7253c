"""Which members of an archive a drill restores: some by chance, and one of every kind there is."""

from __future__ import annotations

import random
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from appliance.plan.sample import LARGEST_FILE, Member
from appliance.pull.restores.filled import is_filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_FILES = 200
MOST_BYTES = 256 << 20
_SET_ID = "sS"
_FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was chosen; `kinds` are those that the archive has, `broken` what a repair has filled with zeros.

    Files over LARGEST_FILE are for `check`: a drill that takes hours is one that nobody runs. Only where no other file
    holds anything, of the smallest of them the beginning is read: `begun`.
    """

    paths: tuple[str, ...]
    kinds: tuple[str, ...]
    members: int
    broken: tuple[str, ...]
    begun: Member | None = None

    @property
    def holds_content(self) -> bool:
        """Whether a file is among the paths that is not empty."""
        return _FILE in self.kinds


def choose(entries: Iterable[dict[str, Any]], seed: str) -> Sample:
    """Choose from everything in an archive in one pass and little memory; the same seed chooses the same again."""
    chance = random.Random(seed)  # noqa: S311 - no secret: it only has to differ from drill to drill
    files: list[tuple[str, int]] = []
    seen = members = 0
    canaries: dict[str, tuple[int, dict[str, Any]]] = {}
    broken: list[str] = []
    huge: dict[str, int] = {}
    for entry in entries:
        members += 1
        if is_filled(entry):
            broken.append(str(entry["path"]))
        if not _is_fit(entry):
            continue
        if (size := int(entry["size"] or 0)) > LARGEST_FILE:
            huge[str(entry["path"])] = size
            continue
        if entry["type"] == "-" and entry["source"] in huge:
            # It would come back with its first name, however large that is.
            continue
        for kind in _kinds(entry):
            count, kept = canaries.get(kind, (0, entry))
            canaries[kind] = (count + 1, entry if chance.randrange(count + 1) == 0 else kept)
        if entry["type"] == "-":
            seen += 1
            _keep(files, (str(entry["path"]), size), seen, chance)
    chance.shuffle(files)
    paths = [*_with_firsts(entry for _, entry in canaries.values()), *_within_bounds(files)]
    return Sample(
        paths=tuple(sorted(set(paths))),
        kinds=tuple(sorted(canaries)),
        members=members,
        broken=tuple(broken),
        begun=None if _FILE in canaries or not huge else Member(*min(huge.items(), key=itemgetter(1))),
    )


def _is_fit(entry: dict[str, Any]) -> bool:
    """Whether it can be named exactly, and be made by somebody without rights; Borg's lists show odd bytes as `?`."""
    path = str(entry["path"])
    odd = "?" in path or path.strip() != path or path in ("", ".")
    return entry["type"] in "-dlp" and not odd


def _kinds(entry: dict[str, Any]) -> Iterator[str]:
    kind, mode = entry["type"], str(entry["mode"])
    if kind != "-":
        yield {"d": "folder", "l": "symbolic link", "p": "fifo"}[kind]
        return
    if entry["source"]:
        yield "hard link"
        return
    # One that is not empty is always among those chosen, however many empty ones there are.
    yield _FILE if entry["size"] else "empty file"
    if set(_SET_ID) & set(mode):
        yield "set-id file"
    if "x" in mode:
        yield "program"
    if not str(entry["path"]).isascii():
        yield "file of a foreign name"


def _keep(files: list[tuple[str, int]], one: tuple[str, int], seen: int, chance: random.Random) -> None:
    """Algorithm R: after any number of files each has had the same chance to be among those kept."""
    if len(files) < MOST_FILES:
        files.append(one)
    elif (place := chance.randrange(seen)) < MOST_FILES:
        files[place] = one


def _with_firsts(canaries: Iterable[dict[str, Any]]) -> Iterator[str]:
    for entry in canaries:
        yield str(entry["path"])
        if entry["type"] == "-" and entry["source"] and "?" not in str(entry["source"]):
            # Only beside the first of its names can a hard link be seen to be one.
            yield str(entry["source"])


def _within_bounds(files: list[tuple[str, int]]) -> Iterator[str]:
    room = MOST_BYTES
    for path, size in files:
        if size <= room:
            room -= size
            yield path
