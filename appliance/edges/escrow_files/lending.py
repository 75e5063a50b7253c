"""Secrets of an escrow on the disk: there while one container looks with them, and no longer than the asker lives."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from appliance.edges.escrow_files.writing import write
from appliance.errors import StateError
from appliance.plan.operations import ESCROW_CHECK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from appliance.edges.escrow_files.writing import Owner


@contextmanager
def lent(folder: Path, contents: Mapping[Path, bytes], owner: Owner) -> Iterator[None]:
    """Keep these files in the folder for as long as the block lasts, and none of earlier ones. Raises StateError."""
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        sweep(folder)
        with _in_use(folder):
            try:
                for place, content in contents.items():
                    write(place, content, 0o600, owner)
                yield
            finally:
                for place in contents:
                    with suppress(OSError):
                        place.unlink()
    except OSError as error:
        raise StateError(f"{error.filename} cannot be written: {error.strerror}") from error


def sweep(folder: Path) -> None:
    """Remove what a look left that was killed, unless another one is at work in the folder; raises OSError."""
    descriptor = _opened(folder)
    try:
        # The kernel lets go of a lock when its holder dies, however that was.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Somebody is at work, or this is a share without locks, on which nobody can tell: they stay.
        return
    else:
        for place in folder.iterdir():
            # With a dot before it, it was still being written.
            if place.name.removeprefix(".").startswith(f"{ESCROW_CHECK}-") and not place.is_dir():
                place.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


@contextmanager
def _in_use(folder: Path) -> Iterator[None]:
    descriptor = _opened(folder)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _opened(folder: Path) -> int:
    # The folder itself is what is locked: a lock file would be one more thing that is left.
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
