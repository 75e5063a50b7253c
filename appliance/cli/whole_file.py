"""A file that an operator named, written whole or not at all, for its owner alone."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from appliance.errors import StateError


def stands(target: str) -> bool:
    """Whether a file stands there that `write_whole` would replace. Raises StateError when nobody can tell."""
    try:
        return target != "-" and Path(target).is_file()
    except OSError as error:
        raise StateError(f"{target} cannot be looked at: {error.strerror}") from error


def write_whole(content: bytes, target: str) -> None:
    """Write the whole file or nothing; standard output is called -. Raises StateError."""
    if target == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    place = Path(target)
    fresh = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(place)
    except OSError as error:
        raise StateError(f"{target} cannot be written: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)
