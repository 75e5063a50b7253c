"""What an earlier pass has finished in the folder of a restore onto this server: Borg 1.4 would bring it all again.

Borg gives a file its time last, so one that has its size and its time is whole.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.borg import extract
from appliance.borg.exact import as_shown
from appliance.pull import repository
from appliance.pull.restores.filled import is_filled
from appliance.pull.restores.members import safe_parts

if TYPE_CHECKING:
    from appliance.borg.command import Command
    from appliance.plan.run_plan import RunPlan
    from appliance.record import RestoreOrder

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Borg prints microseconds, through a floating point number.
_TOLERATED_MICROSECONDS = 2
_COARSE_MICROSECONDS = 2_000_000
_SECOND = 1_000_000_000
_OWNER_MAY_ALL = 0o700


def whole_files(plan: RunPlan, order: RestoreOrder, root: Path, *, names_filled: bool) -> tuple[str, ...]:
    """Return the paths of regular files that need not be brought again; raises Failure.

    Where `names_filled`, what a repair has filled with zeros is brought again, so that Borg says again what it is. Of
    several names of the same file, all are whole or all are brought again: only so can they be linked.
    """
    entries = _listed(plan, extract.list_standing(plan, order.archive, order.paths))
    files = [entry for entry in entries if entry["type"] == "-"]
    # Borg has a hard link as a file with the path of the first one as its source.
    first = {entry["path"]: entry["source"] or entry["path"] for entry in files}
    halves = {
        first[entry["path"]] for entry in files if not is_whole(root, entry) or (names_filled and is_filled(entry))
    }
    return tuple(path for path, one in first.items() if one not in halves)


def drop_halves(plan: RunPlan, order: RestoreOrder, root: Path) -> None:
    """Remove every file that is not whole: a full disk cuts one, and those that Borg tries after it. Raises Failure."""
    for entry in _listed(plan, extract.list_standing(plan, order.archive, order.paths)):
        path = entry["path"]
        if entry["type"] == "-" and not any(_is_that(place, entry) for place in _shown_as(root, path)):
            drop_half(root, path)


def unfit_members(plan: RunPlan, order: RestoreOrder) -> dict[str, str]:
    """Return what Borg cannot extract in any way, and why; no honest Borg makes such members. Raises Failure."""
    entries = _listed(plan, extract.list_kinds(plan, order.archive, ()))
    paths = {entry["path"] for entry in entries}
    found = {path: "its path leads out of the archive" for path in paths if safe_parts(path) is None or path[0] == "/"}
    for entry in entries:
        if entry["type"] == "-" and entry["source"] and entry["source"] not in paths:
            found[entry["path"]] = f"it is a hard link to {entry['source']}, which is not in the archive"
    return found


def _listed(plan: RunPlan, command: Command) -> list[dict[str, Any]]:
    return [json.loads(line) for line in repository.borg(plan, command).stdout.splitlines()]


def as_patterns(paths: tuple[str, ...]) -> str:
    """Write paths as Borg's file of excludes has them; one that such a file cannot hold is left out."""
    return "".join(f"pf:{path}\n" for path in paths if path.strip() == path and path.isprintable())


def inside(root: Path, path: str) -> Path | None:
    """Return where that path of an archive stands below `root`; None where it would lead out, through a link too."""
    parts = safe_parts(path)
    if not parts:
        return None
    place = root
    for part in parts[:-1]:
        place /= os.fsdecode(part)
        if not _is_folder(place):
            return None
    return place / os.fsdecode(parts[-1])


def open_folders(root: Path) -> None:
    """Let us write in each folder again that an earlier pass has closed; Borg gives them their modes at its end."""
    for folder, _, _ in os.walk(root):
        status = os.lstat(folder)
        if stat.S_IMODE(status.st_mode) & _OWNER_MAY_ALL != _OWNER_MAY_ALL:
            Path(folder).chmod(stat.S_IMODE(status.st_mode) | _OWNER_MAY_ALL)


def drop_half(root: Path, path: str) -> None:
    """Remove the file that Borg was at when it ended: half a file must not look like a whole one.

    Of several that Borg shows with the same question marks it is the newest: a whole one has the time that it had.
    """
    found: list[tuple[int, Path]] = []
    for place in _shown_as(root, path):
        with suppress(OSError):
            status = place.lstat()
            # One of several names goes like the only one: half a file may have got its other names already.
            if stat.S_ISREG(status.st_mode):
                found.append((status.st_mtime_ns, place))
    # It is not there, or nobody may remove it: `--resume` brings it anew either way.
    with suppress(OSError):
        if found:
            max(found)[1].unlink()


def _shown_as(root: Path, path: str) -> list[Path]:
    """Return what stands below `root`, through no link, under each name that Borg would show as that path."""
    parts = safe_parts(path)
    if not parts:
        return []
    found = [root]
    for depth, part in enumerate(map(os.fsdecode, parts)):
        if depth:
            found = [place for place in found if _is_folder(place)]
        found = [place / name for place in found for name in _names(place, part)]
    return found


def _names(folder: Path, part: str) -> list[str]:
    if "?" not in part:
        return [part]
    try:
        return [place.name for place in folder.iterdir() if as_shown(place.name) == part]
    except OSError:
        return []


def _is_folder(place: Path) -> bool:
    try:
        return stat.S_ISDIR(place.lstat().st_mode)
    except OSError:
        return False


def is_whole(root: Path, entry: dict[str, Any]) -> bool:
    """Whether that entry of an archive's list stands there with its size and its time."""
    place = inside(root, entry["path"])
    return place is not None and _is_that(place, entry)


def _is_that(place: Path, entry: dict[str, Any]) -> bool:
    try:
        status = place.lstat()
    except OSError:
        return False
    if not stat.S_ISREG(status.st_mode) or status.st_size != entry["size"]:
        return False
    wanted = datetime.fromisoformat(entry["isomtime"]).replace(tzinfo=UTC) - _EPOCH
    drift = wanted // timedelta(microseconds=1) - status.st_mtime_ns // 1000
    if status.st_mtime_ns % _SECOND == 0 and 0 <= drift < _COARSE_MICROSECONDS:
        # A disk that keeps whole seconds, or every other (ext3, FAT). What Borg was at has the time of now.
        return True
    return abs(drift) <= _TOLERATED_MICROSECONDS
