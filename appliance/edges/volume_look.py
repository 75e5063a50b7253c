"""Look at a folder of the supervisor: what is mounted there, how full it is, and whether it can be written."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan.file_systems import VolumeLook, mount_of

if TYPE_CHECKING:
    from os import PathLike

_MOUNTS = Path("/proc/self/mountinfo")


def look_at(folder: PathLike[str], *, mounts: Path = _MOUNTS) -> VolumeLook:
    """Say how it is; writes an empty file there and removes it again. Trouble is part of the answer."""
    place = Path(folder)
    mounted, file_system = mount_of(str(place), _text(mounts))
    try:
        usage = shutil.disk_usage(place)
    except OSError as error:
        return VolumeLook(mounted=mounted, file_system=file_system, trouble=f"cannot be seen: {error.strerror}")
    return VolumeLook(
        mounted=mounted,
        file_system=file_system,
        free=usage.free,
        size=usage.total,
        trouble=_why_not_written(place),
    )


def _why_not_written(place: Path) -> str:
    tried = place / f".borgpull-tried-{secrets.token_hex(8)}"
    try:
        os.close(os.open(tried, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        tried.unlink()
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    return ""


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
