"""The support archive as a file: a tar.gz that any machine opens, for its owner alone, whole or not at all."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

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
