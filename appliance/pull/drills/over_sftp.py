"""The client's files as they are now, over SFTP: by the same subsystem and key that pulls read it with."""

from __future__ import annotations

import hashlib
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

import paramiko

from appliance.pull.drills.client_files import Seen
from appliance.pull.failure import Failure
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.plan.run_plan import RunPlan

_CHUNK = 1 << 20


@contextmanager
def lost_as_failure(plan: RunPlan) -> Iterator[None]:
    """Fail where the connection breaks or goes silent within the block."""
    try:
        yield
    except (paramiko.SSHException, EOFError, TimeoutError) as error:
        raise Failure(Reason.CONNECTION_LOST, f"The connection to {plan.client} broke in the middle.") from error


class OverSftp:
    """A machine, by the same subsystem and key that pulls read it with."""

    def __init__(self, sftp: paramiko.SFTPClient, beat: Callable[[], object]) -> None:
        """Nothing is read yet."""
        self._sftp, self._beat = sftp, beat

    def look(self, path: str) -> Seen:
        """Say what stands there."""
        found = self._sftp.lstat(f"/{path}")
        mode, size, mtime = found.st_mode or 0, found.st_size or 0, found.st_mtime or 0
        return Seen(kind=stat.filemode(mode)[0], size=size, mtime=mtime)

    def link(self, path: str) -> str:
        """Say where a symbolic link leads."""
        return self._sftp.readlink(f"/{path}") or ""

    def digest(self, path: str, size: int) -> str:
        """Hash at most `size` bytes of its content."""
        total = hashlib.sha256()
        with self._sftp.open(f"/{path}", "rb") as file:
            # Many requests in flight: else each 32 KiB cost a round trip. Never more than the archive's size.
            file.prefetch(size)
            left = size
            while left and (chunk := file.read(min(_CHUNK, left))):
                left -= len(chunk)
                total.update(chunk)
                self._beat()
        return total.hexdigest()
