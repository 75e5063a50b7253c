"""A file of the appliance, written whole or not at all, for its owner."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Owner(NamedTuple):
    """Whose the files are that containers read."""

    uid: int
    gid: int


def write(place: Path, content: bytes, mode: int, owner: Owner) -> None:
    """Put the file there in one step; raises OSError."""
    fresh = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(descriptor, mode)
            give(fresh, owner)
            os.fsync(descriptor)
        fresh.replace(place)
    finally:
        fresh.unlink(missing_ok=True)


def give(path: Path, owner: Owner) -> None:
    """Let it belong to the owner; raises OSError."""
    state = path.stat()
    if (state.st_uid, state.st_gid) != owner:
        os.chown(path, *owner)
