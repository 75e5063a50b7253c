"""The bundle between values and bytes: a tar, which any machine can unpack, encrypted as a whole."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.errors import BorgpullError
from appliance.plan import escrow
from appliance.plan.escrow import BundledFile, Manifest

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle that was opened: what it says of itself, and its files by path."""

    manifest: Manifest
    files: tuple[BundledFile, ...]

    def content(self, path: str) -> bytes | None:
        """Return the content of that file, None when it is not in the bundle."""
        return next((file.content for file in self.files if file.path == path), None)


def pack(manifest: Manifest, readme: str, files: Sequence[BundledFile]) -> bytes:
    """Return the tar; its times are those of the bundle, and nobody but its owner can read what is unpacked."""
    own = (
        BundledFile(path=escrow.README, content=readme.encode()),
        BundledFile(path=escrow.MANIFEST, content=manifest.to_json().encode()),
    )
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in (*own, *files):
            member = tarfile.TarInfo(file.path)
            member.size, member.mode, member.mtime = len(file.content), file.mode, int(manifest.made.timestamp())
            tar.addfile(member, io.BytesIO(file.content))
    return stream.getvalue()


def unpack(content: bytes) -> Bundle:
    """Read the tar; raises BorgpullError when it is no bundle."""
    files = []
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isreg() else None
                if stream is not None:
                    files.append(BundledFile(path=member.name, content=stream.read(), mode=member.mode & 0o777))
    except tarfile.TarError as error:
        raise BorgpullError(f"this is no bundle of `borgpull escrow`: {error}") from error
    manifest = next((file.content for file in files if file.path == escrow.MANIFEST), b"")
    rest = tuple(file for file in files if file.path not in (escrow.MANIFEST, escrow.README))
    return Bundle(manifest=Manifest.from_json(manifest.decode("utf-8", "replace")), files=rest)
