"""The liveness gate: is the source really there, whole and itself? It looks at the mount, never at a name alone."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.borg.create import relative
from appliance.pull.failure import Failure
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What Borg will read: its root in this container, and the file system that is mounted there."""

    root: Path
    filesystem: str


def mounted_filesystem(root: Path) -> str:
    """Say what is mounted exactly there: its type, and for network shares the share; "" when nothing is.

    Disks go by their type alone: the kernel may give them another letter at every start.
    """
    for line in Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[4] == str(root):
            kind, device = after.split()[:2]
            return f"{kind} {device}" if ":" in device or device.startswith("//") else kind
    return ""


def check_alive(source: Source) -> None:
    """Fail unless the same file system is still mounted there and answers."""
    try:
        alive = os.lstat(source.root).st_dev != os.lstat(source.root.parent).st_dev
        # Listing asks the other end; a stat alone may be answered from a cache.
        next(source.root.iterdir(), None)
    except OSError as error:
        raise Failure(
            Reason.CONNECTION_LOST, f"The source does not answer any more ({error.strerror}); nothing was kept."
        ) from error
    if not alive or mounted_filesystem(source.root) != source.filesystem:
        raise Failure(Reason.CONNECTION_LOST, "The source is not mounted any more; nothing was kept.")


def check_paths(source: Source, paths: tuple[str, ...]) -> None:
    """Fail unless every path is there, is no link, and at least one holds something.

    Links on the way are never followed: an absolute one would lead out of the client and into this container.
    """
    found_something = False
    for path in paths:
        found_something = _is_filled(_walk(source.root, path), path) or found_something
    if not found_something:
        raise Failure(
            Reason.SOURCE_EMPTY,
            f"There is nothing in {', '.join(paths)}: an empty folder is nearly always a disk that is not mounted.",
        )


def _walk(root: Path, path: str) -> Path:
    current = root
    for part in _parts(path):
        current /= part
        try:
            found = os.lstat(current)
            target = current.readlink() if stat.S_ISLNK(found.st_mode) else ""
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Failure(Reason.SOURCE_MISSING, f"The path {path} does not exist on the client.") from error
        except PermissionError as error:
            raise Failure(Reason.SOURCE_MISSING, f"The path {path} may not be read by this user.") from error
        except OSError as error:
            raise Failure(Reason.CONNECTION_LOST, f"The source does not answer ({error.strerror}).") from error
        if target:
            inside = f"/{current.relative_to(root)}"
            raise Failure(
                Reason.SOURCE_MISSING,
                f"The path {path} is a link ({inside} points to {str(target)!r}); name the real folder in `paths`.",
            )
    return current


def _parts(path: str) -> Iterator[str]:
    return (part for part in relative(path).split("/") if part not in ("", "."))


def _is_filled(place: Path, path: str) -> bool:
    try:
        return not place.is_dir() or next(place.iterdir(), None) is not None
    except PermissionError as error:
        raise Failure(Reason.SOURCE_MISSING, f"The folder {path} may not be read by this user.") from error
    except OSError as error:
        raise Failure(Reason.CONNECTION_LOST, f"The source does not answer ({error.strerror}).") from error
