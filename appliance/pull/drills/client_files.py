"""The client's files as they are now, over the read channel or in the folder that the host has mounted."""

from __future__ import annotations

import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from appliance.plan import places
from appliance.pull.contact import Contact
from appliance.pull.drills.comparing import digest
from appliance.pull.restores.standing_here import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.plan.run_plan import RunPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What stands there; `mtime` in seconds since 1970, the least that every channel tells."""

    kind: str
    size: int
    mtime: int


class ClientFiles(Protocol):
    """The client's files by the paths of an archive. An OSError says that one cannot be read or is not there."""

    def look(self, path: str) -> Seen:
        """Say what stands there; links are not followed. Raises OSError."""

    def link(self, path: str) -> str:
        """Say where a symbolic link leads. Raises OSError."""

    def digest(self, path: str, size: int) -> str:
        """Read a file and return the SHA-256 of its content. Raises OSError."""


@contextmanager
def client_files(plan: RunPlan, beat: Callable[[], object]) -> Iterator[ClientFiles]:
    """Reach the client for as long as the block lasts; raises Failure where it cannot be reached, or is lost."""
    if plan.method == "mount":
        yield Here(Path(places.SOURCE), beat)
        return
    with Contact(plan) as contact:
        control = contact.control()
        # Fabric and paramiko take 0.4 s to import, and most operations never need them.
        from appliance.pull.drills.over_sftp import OverSftp, lost_as_failure  # noqa: PLC0415

        with lost_as_failure(plan):
            yield OverSftp(control.sftp(), beat)


class Here:
    """A folder of this container."""

    def __init__(self, root: Path, beat: Callable[[], object]) -> None:
        """Nothing is read yet."""
        self._root, self._beat = root, beat

    def look(self, path: str) -> Seen:
        """Say what stands there."""
        status = self._place(path).lstat()
        return Seen(kind=stat.filemode(status.st_mode)[0], size=status.st_size, mtime=int(status.st_mtime // 1))

    def link(self, path: str) -> str:
        """Say where a symbolic link leads."""
        return str(self._place(path).readlink())

    def digest(self, path: str, size: int) -> str:  # noqa: ARG002 - over SFTP it says how much to ask for at once
        """Hash its content."""
        return digest(self._place(path), self._beat)

    def _place(self, path: str) -> Path:
        place = inside(self._root, path)
        if place is None:
            raise FileNotFoundError(path)
        return place
