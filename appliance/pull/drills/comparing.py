"""What was restored against what the archive's own list says of it."""

from __future__ import annotations

import hashlib
import os
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from appliance.pull.restores.standing_here import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Borg prints microseconds, through a floating point number.
_TOLERATED_MICROSECONDS = 2


def differences(root: Path, entries: Iterable[dict[str, Any]], beat: Callable[[], object]) -> tuple[str, ...]:
    """Return a sentence for each member that is not as its entry says; `beat` is called after each of them.

    Folders are compared, then opened, since what is in them comes later in the order of paths.
    """
    found = []
    by_path = {entry["path"]: entry for entry in entries}
    for path, entry in sorted(by_path.items()):
        place = inside(root, path)
        wrong = _difference(place, entry) if place else "it would lie outside"
        first = inside(root, entry["source"]) if entry["type"] == "-" and entry["source"] in by_path else None
        if not wrong and place and first and not place.samefile(first):
            wrong = f"it is no hard link to {entry['source']}"
        if wrong:
            found.append(f"{path}: {wrong}")
        elif place and entry["type"] == "d":
            place.chmod(0o700)
        beat()
    return tuple(found)


def microseconds(entry: dict[str, Any]) -> int:
    """Return its time as Borg lists it, since 1970."""
    return (datetime.fromisoformat(entry["isomtime"]).replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def digest(place: Path, beat: Callable[[], object] = lambda: None) -> str:
    """Return the SHA-256 of a file's content; `beat` is called now and then."""
    total = hashlib.sha256()
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        while chunk := file.read(1 << 20):
            total.update(chunk)
            beat()
    return total.hexdigest()


def _difference(place: Path, entry: dict[str, Any]) -> str:
    try:
        status = place.lstat()
    except OSError as error:
        return f"it did not come back ({error.strerror})"
    if stat.filemode(status.st_mode)[0] == entry["type"] == "l":
        return "" if str(place.readlink()) == entry["source"] else "it leads elsewhere"
    wrong = _metadata(status, entry)
    # Of a file with several names the list has size and content at the first one alone.
    if wrong or entry["type"] != "-" or entry["source"]:
        return wrong
    if status.st_size != entry["size"]:
        return f"its size is {status.st_size} and not {entry['size']}"
    return _content(place, status.st_mode, entry["sha256"])


def _metadata(status: os.stat_result, entry: dict[str, Any]) -> str:
    # Borg writes the mode of a hard link as that of no other kind.
    mode, wanted = stat.filemode(status.st_mode), f"{entry['type']}{entry['mode'][1:]}"
    if mode != wanted:
        return f"its kind and mode are {mode} and not {wanted}"
    if abs(microseconds(entry) - status.st_mtime_ns // 1000) > _TOLERATED_MICROSECONDS:
        return "its time is another one"
    return ""


def _content(place: Path, mode: int, wanted: str) -> str:
    # A file that nobody may read is there all the same, and it is ours. Its other names are compared with it later.
    place.chmod(stat.S_IMODE(mode) | 0o400)
    found = digest(place)
    place.chmod(stat.S_IMODE(mode))
    return "" if found == wanted else "its content is another one"
