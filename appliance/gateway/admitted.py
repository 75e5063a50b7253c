"""Who may dial in now, and the end of a tunnel whose key may not any more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.gateway import kernel
from appliance.plan import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PORT = re.compile(r'permitlisten="localhost:(\d+)"')


def by_port(text: str) -> dict[int, str]:
    """Return the lines of authorized_keys by the port that each may open."""
    lines = ((_PORT.search(line), line) for line in text.splitlines())
    return {int(match[1]): line for match, line in lines if match}


def unchanged(before: Mapping[int, str], now: Mapping[int, str]) -> frozenset[int] | None:
    """Return the ports whose line still stands as it stood; None when every line does."""
    kept = frozenset(port for port, line in before.items() if now.get(port) == line)
    return None if len(kept) == len(before) else kept


def to_end(
    families: Iterable[list[int]], ports: Mapping[int, int], held: Mapping[int, set[int]], kept: frozenset[int]
) -> list[int]:
    """Return the processes of every session that holds no port of `kept`: it may have logged in by a key that is gone.

    `ports` is the port by inode, `held` the inodes by process. A session that was just about to open a port that it
    may have dials in again by itself.
    """
    return [
        pid
        for family in families
        if kept.isdisjoint(ports.get(inode, 0) for member in family for inode in held.get(member, ()))
        for pid in family
    ]


class Admitted:
    """Follows authorized_keys: sshd reads it at each login, and this ends those who logged in before it changed."""

    def __init__(self, listener: int, file: Path = Path(places.ADMITTED)) -> None:
        """`listener` is the process id of sshd."""
        self._listener = listener
        self._file = file
        self._known = by_port(self._read())

    def enforce(self) -> None:
        """End the sessions of keys that were removed or replaced since the last look."""
        now = by_port(self._read())
        kept = unchanged(self._known, now)
        self._known = now
        if kept is None:
            return
        families = kernel.families(self._listener)
        held = {pid: kernel.sockets(pid) for family in families for pid in family}
        kernel.terminate(to_end(families, kernel.listeners(), held, kept))

    def _read(self) -> str:
        try:
            return self._file.read_text("utf-8")
        except FileNotFoundError:
            return ""
