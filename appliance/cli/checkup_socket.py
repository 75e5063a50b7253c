"""What the doctor says of the engine's socket before anybody speaks through it: whether it is one, and whose it is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from appliance.cli.findings import Finding, bad, fine, warning
from appliance.errors import ExitCode

_SUBJECT = "engine socket"
_SCHEME = "unix://"
_MOUNT_IT = "mount the engine's socket into the supervisor: `DOCKER_SOCK` of compose.yaml says where the host has it"


def socket_finding(address: str) -> Finding:
    """Look at the socket in front of the engine; what is behind it is not asked."""
    if not address.startswith(_SCHEME):
        return fine(_SUBJECT, f"none: the engine is spoken to at {address}")
    path = Path(address.removeprefix(_SCHEME))
    try:
        found = path.stat()
    except FileNotFoundError:
        return _bad(f"there is nothing at {path}", _MOUNT_IT)
    except OSError as error:
        return _bad(f"{path} cannot be looked at: {error.strerror}", _MOUNT_IT)
    if stat.S_ISDIR(found.st_mode):
        return _bad(f"{path} is a folder, which Docker makes where the host has no such socket", _MOUNT_IT)
    if not stat.S_ISSOCK(found.st_mode):
        return _bad(f"{path} is no socket", _MOUNT_IT)
    return _whose(path, found)


def _whose(path: Path, found: os.stat_result) -> Finding:
    owner = f"{path} belongs to user {found.st_uid}, group {found.st_gid} ({stat.filemode(found.st_mode)})"
    here = f"user {os.geteuid()}"
    if not os.access(path, os.R_OK | os.W_OK):
        advice = f'let the supervisor run as root, or add `group_add: ["{found.st_gid}"]` to it in compose.yaml'
        return _bad(f"{here}, as which Borgpull runs, may not open it: {owner}", advice)
    if found.st_mode & stat.S_IWOTH:
        sentence = f"everybody on this machine may use it, and so be root there: {owner}"
        return warning(_SUBJECT, sentence, f"`chmod 660` it on the host, and leave it to root and group {found.st_gid}")
    return fine(_SUBJECT, f"{owner}; Borgpull runs as {here}")


def _bad(sentence: str, advice: str) -> Finding:
    return bad(_SUBJECT, sentence, advice, ExitCode.ENGINE)
