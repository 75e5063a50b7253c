"""The repository's `config`, which holds the key: a client that talks to `borg serve` can replace it.

With another key nobody here could open the repository any more. So a copy is kept, on the disk, for as long as a
session lasts; where a run was killed before it could look, the next one finds the copy and looks.

Whoever calls anything here has ended the client's session before: what is put back stays.
"""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.pull.failure import Failure
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.voice import Voice

_CONFIG = Path(places.REPOSITORY / "config")
# Beside Borg's cache, where no client reaches.
_KEPT = Path(places.CACHE / "repository-config")
_REPLACED = Path(places.CACHE / "repository-config.replaced")
# How far a check in parts has come, which an honest one moves from the client too; and the bounds, which every backup
# writes anew (bounds.py). No client decides them, so they are put back; but nobody is accused for them.
_NO_MATTER = frozenset({"last_segment_checked", "additional_free_space", "storage_quota"})


class Guard:
    """The key of one session, kept from its beginning to the look afterwards."""

    def __init__(self, plan: RunPlan) -> None:
        """Keep a copy; raises Failure when an earlier session replaced the key and nobody has looked since."""
        self._plan = plan
        restore_key(plan)
        if _CONFIG.is_file():
            _write(_KEPT, _CONFIG.read_bytes())

    def insist_unchanged(self) -> None:
        """Put the key back where it was replaced, and fail; raises Failure."""
        restore_key(self._plan)

    def put_back(self, voice: Voice) -> None:
        """Put the key back after a run that failed anyway, and end the watch."""
        try:
            restore_key(self._plan)
        except Failure as failure:
            voice.note(failure.message, "warning")
        _KEPT.unlink(missing_ok=True)


def restore_key(plan: RunPlan) -> None:
    """Put the kept key back where another stands, and fail; nothing where none is kept. Only for who holds the client.

    That ends the watch: whoever changes the configuration from then on is one of us. What stood there in the key's
    place is kept too: an operator may have changed the key in the middle of a dead session.
    """
    try:
        before = _KEPT.read_bytes()
    except FileNotFoundError:
        return
    now = _CONFIG.read_bytes() if _CONFIG.is_file() else b""
    is_replaced = _what_matters(now) != _what_matters(before)
    if is_replaced:
        _write(_REPLACED, now)
    if now != before:
        _write(_CONFIG, before)
    _KEPT.unlink(missing_ok=True)
    if not is_replaced:
        return
    kept = places.cache_folder(plan.client) / _REPLACED.name
    raise Failure(
        Reason.TAMPERING,
        f"{plan.client} replaced the key of its repository during a session; the old one was put back (the other is "
        f"in {kept}). Find out who did that before the next run.",
    )


def _what_matters(config: bytes) -> bytes | Mapping[str, Mapping[str, str]]:
    """Return what only a client up to no good changes; all of it where it cannot be read."""
    read = configparser.ConfigParser(interpolation=None)
    try:
        # Lines end at "\n" alone: within a key, Borg would write "\r" as it is and read it as the end of a line.
        read.read_string(config.decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError):
        return config
    return {
        name: {key: value for key, value in section.items() if key not in _NO_MATTER} for name, section in read.items()
    }


def _write(file: Path, content: bytes) -> None:
    """Write the whole file or nothing, for its owner alone, and on the disk before anything else happens."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
