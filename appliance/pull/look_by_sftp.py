"""What SFTP shows of a client: tools and places by their names, sizes of file systems, what may be opened."""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING, Any

import paramiko

from appliance.plan.offer import DOCKER_VOLUMES, PLACES, ROOTS_OWN, TOOLS
from appliance.pull.look_words import LONGEST_WORD, MOST_VOLUMES, swap_files
from appliance.pull.sftp.packets import ROOM

if TYPE_CHECKING:
    from collections.abc import Iterable

_FOLDERS_OF_TOOLS = ("/usr/bin", "/usr/local/bin", "/bin", "/opt/bin", "/usr/sbin", "/sbin")
_EXTENDED = 200


def seen(sftp: paramiko.SFTPClient) -> dict[str, Any]:
    """Return what of an Offer can be seen."""
    tools = {tool for tool in TOOLS if any(_is_there(sftp, f"{folder}/{tool}") for folder in _FOLDERS_OF_TOOLS)}
    return {
        "home": (sftp.normalize(".") or "")[:LONGEST_WORD],
        "tools": frozenset(tools),
        "present": frozenset(place for place in PLACES if _is_there(sftp, place)),
        "reads_all": _opens(sftp, ROOTS_OWN),
        "volumes": _names(sftp, DOCKER_VOLUMES),
        "swaps": swap_files(_text(sftp, "/proc/swaps").splitlines()[1:]),
    }


def _is_there(sftp: paramiko.SFTPClient, path: str) -> bool:
    try:
        sftp.stat(path)
    except OSError:
        return False
    return True


def _opens(sftp: paramiko.SFTPClient, path: str) -> bool | None:
    """Whether that file can be opened; nothing of it is read. None where it is not there."""
    try:
        sftp.open(path, "rb").close()
    except OSError as error:
        return False if error.errno in (errno.EACCES, errno.EPERM) else None
    return True


def _text(sftp: paramiko.SFTPClient, path: str) -> str:
    try:
        with sftp.open(path, "rb") as file:
            return file.read(1 << 16).decode("utf-8", "replace")
    except OSError:
        return ""


def _names(sftp: paramiko.SFTPClient, folder: str) -> tuple[str, ...]:
    try:
        names = sorted(entry.filename for entry in sftp.listdir_attr(folder) if entry.longname[:1] in ("d", ""))
    except OSError:
        return ()
    return tuple(name[:LONGEST_WORD] for name in names[:MOST_VOLUMES])


def sizes(sftp: paramiko.SFTPClient, points: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return size and used bytes of each file system that tells them."""
    found = {}
    for point in points:
        try:
            # Paramiko has no word of its own for this extension of OpenSSH.
            _, reply = sftp._request(_EXTENDED, ROOM, point)  # type: ignore[attr-defined]  # noqa: SLF001
            _, unit, blocks, free = struct.unpack(">4Q", reply.get_bytes(32))
        except (OSError, paramiko.SFTPError, struct.error):
            continue
        found[point] = (blocks * unit, (blocks - free) * unit)
    return found
