"""The logs of runs on the state volume: a file a run, for root alone, and the newest of each client."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan import places

if TYPE_CHECKING:
    from collections.abc import Sequence

_KIND = ".log"


class RunLogs:
    """The port Logs over a folder; `state` is where the supervisor has /state."""

    def __init__(self, state: Path = Path(places.STATE)) -> None:
        self._root = state / places.LOGS.name

    def keep(self, client: str, run_id: str, lines: Sequence[str], *, newest: int) -> None:
        """Write the log, in place of what was kept of that run, and forget the oldest but `newest`; see the port."""
        file = self._file(client, run_id)
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # First, so that a full volume has room for the new one.
            self._forget(client, file, newest - 1)
            _write(file, "".join(f"{line}\n" for line in lines))
        except OSError as error:
            raise StateError(f"{error.filename or file} cannot be written: {error.strerror}") from error

    def kept(self, client: str) -> Sequence[str]:
        """Return the runs of which there is a log, the newest log first; see the port."""
        try:
            return [file.name.removesuffix(_KIND) for file in self._files(client)]
        except OSError as error:
            raise StateError(f"{error.filename or self._root} cannot be looked at: {error.strerror}") from error

    def read(self, client: str, run_id: str) -> Sequence[str] | None:
        """Return its lines; None when there is no log of that run; see the port."""
        file = self._file(client, run_id)
        try:
            return file.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"{file} cannot be read: {error.strerror}") from error

    def _file(self, client: str, run_id: str) -> Path:
        for name in (client, run_id):
            # Both come from a journal and from labels that others may have written.
            if not name or name != Path(name).name or name.startswith("."):
                raise StateError(f"{name!r} names no log: it is no plain name")
        return self._root / client / f"{run_id}{_KIND}"

    def _files(self, client: str) -> list[Path]:
        """Return the client's logs, the newest first; raises OSError."""
        found = []
        try:
            entries = tuple(os.scandir(self._root / client))
        except FileNotFoundError:
            return []
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                if entry.name.endswith(_KIND):
                    found.append((entry.stat().st_mtime_ns, Path(entry.path)))
        return [file for _, file in sorted(found, reverse=True)]

    def _forget(self, client: str, besides: Path, others: int) -> None:
        for file in [file for file in self._files(client) if file != besides][max(0, others) :]:
            file.unlink(missing_ok=True)
        for broken_off in besides.parent.glob(f"*{_KIND}.new"):
            broken_off.unlink(missing_ok=True)


def _write(file: Path, text: str) -> None:
    """Write the whole file or nothing, for its owner alone."""
    fresh = file.with_name(f"{file.name}.new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
