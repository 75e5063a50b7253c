"""Which Borg on a client can speak to ours."""

from __future__ import annotations

import re

_VERSION = re.compile(r"borg(?:\.exe)? (\d+)\.(\d+)\.(\d+)(\S*)")
_USABLE = ((1, 2), (1, 4))


def read(said: str) -> str | None:
    """Take the version out of what `borg --version` printed; None when that was no Borg."""
    match = _VERSION.fullmatch(said.strip())
    return f"{match[1]}.{match[2]}.{match[3]}{match[4]}" if match else None


def why_not(version: str) -> str:
    """Say why a client with that version cannot be backed up by its own Borg; empty when it can."""
    major, minor = (int(number) for number in version.split(".")[:2])
    if (major, minor) in _USABLE:
        return ""
    if major > 1:
        return 'Borg 2 speaks another protocol and is not for production yet; install 1.4, or use method = "sshfs".'
    if (major, minor) < _USABLE[0]:
        return 'it is too old for this appliance (and not maintained); install 1.2 or 1.4, or use method = "sshfs".'
    return 'only the series 1.2 and 1.4 are known to work; install one of them, or use method = "sshfs".'
