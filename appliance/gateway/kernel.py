"""What the kernel tells about our own sockets and processes, read from /proc."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PROC = Path("/proc")
_LISTEN = "0A"
_LOOPBACK = "0100007F"


def loopback_listeners(table: str) -> dict[int, int]:
    """Read /proc/net/tcp: the port of each socket that listens on 127.0.0.1, by its inode."""
    found = {}
    for line in table.splitlines()[1:]:
        fields = line.split()
        address, _, port = fields[1].partition(":")
        if fields[3] == _LISTEN and address == _LOOPBACK:
            found[int(fields[9])] = int(port, 16)
    return found


def listeners() -> dict[int, int]:
    """Return what listens on our loopback now: port by inode."""
    return loopback_listeners((PROC / "net/tcp").read_text("ascii"))


def families(parent: int) -> list[list[int]]:
    """Return the children of a process, each with everything below it."""
    children: dict[int, list[int]] = {}
    for pid, above in _parents().items():
        children.setdefault(above, []).append(pid)
    return [_below(child, children) for child in children.get(parent, [])]


def sockets(pid: int) -> set[int]:
    """Return the inodes of the sockets that a process holds; none when it has ended meanwhile."""
    found = set()
    try:
        for entry in (PROC / str(pid) / "fd").iterdir():
            target = str(entry.readlink())
            if target.startswith("socket:["):
                found.add(int(target[len("socket:[") : -1]))
    except OSError:
        return found
    return found


def terminate(processes: Iterable[int]) -> None:
    """Ask processes to end; that one has done so meanwhile is fine."""
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def _parents() -> dict[int, int]:
    found = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            # The name in parentheses is the program's own choice, and may hold anything.
            found[int(folder.name)] = int((folder / "stat").read_text("latin-1").rpartition(")")[2].split()[1])
        except OSError:
            continue
    return found


def _below(pid: int, children: dict[int, list[int]]) -> list[int]:
    return [pid, *(inner for child in children.get(pid, []) for inner in _below(child, children))]
