"""Ports of this host for a test to give away: each once, and none that the engine would give to somebody else."""

from __future__ import annotations

import os
import socket
from zlib import crc32

from tests.session import SESSION

# Below those that kernel and engine take by themselves (ip_local_port_range): a port from there that is free now may be
# published for another worker before it is used.
_FIRST, _OF_A_WORKER = 20_000, 1_000
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
# Sessions side by side on one host begin at different places.
_PLACE = crc32(SESSION.encode())
_UNUSED = iter([_FIRST + _OF_A_WORKER * _WORKER + (_PLACE + step) % _OF_A_WORKER for step in range(_OF_A_WORKER)])


def free_port() -> int:
    """Return a port that nobody has on any address of this host, and that nobody else of the session is given."""
    return next(port for port in _UNUSED if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as asked:
        try:
            asked.bind(("0.0.0.0", port))  # noqa: S104 - where the engine would publish it; nothing listens
        except OSError:
            return False
    return True
