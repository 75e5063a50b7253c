"""The support archive as a file: a tar.gz that any machine opens, for its owner alone, whole or not at all."""

from __future__ import annotations

import gzip
import io
import os
import secrets
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_FOLDER = "borgpull-support"


def packed(members: Iterable[tuple[str, str]], made: datetime) -> bytes:
    """Return the tar.gz; its only times, users and modes are ours."""
    stream = io.BytesIO()
    with (
        gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=int(made.timestamp())) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, text in members:
            content = text.encode("utf-8", "backslashreplace")
            member = tarfile.TarInfo(f"{_FOLDER}/{name}")
            member.size, member.mode, member.mtime = len(content), 0o600, int(made.timestamp())
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def write_bundle(content: bytes, target: str) -> None:
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
