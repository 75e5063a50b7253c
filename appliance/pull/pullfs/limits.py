"""How many files may be open on the client at once: as many as its server says that it can, within bounds of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from appliance.pull.sftp import packets, replies

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.pull.sftp.packets import Request
    from appliance.pull.sftp.replies import Reply

# They are opened so many at a time: requests that leave together cost ssh and the client's server a fraction. Nor does
# it ever become less: a server that has no room for so many is none to pull files from.
OPENED_AT_ONCE = 32
# Where nothing is said: a server may often open no more than 256.
UNTOLD = 200
# Each costs us memory, and whatever is asked for out of turn waits behind all that are being opened.
_MOST = 1000
# OpenSSH takes off five for itself. These are for what a server has open besides, and for files that are read out of
# turn, which are opened beyond the bound. The compressed session is a process of its own, with handles of its own.
_KEPT_FREE = 50


class Server(Protocol):
    """The client's SFTP server, once it has greeted."""

    tells_limits: bool

    def post(self, request: Request, then: Callable[[Reply], None]) -> None:
        """Send a request; `then` gets the reply, if one ever comes."""


def ask(server: Server, tell: Callable[[int], None]) -> None:
    """Ask a server that says it answers this, and wait for nothing; `tell` hears how many files may be open at once."""
    if server.tells_limits:
        server.post(packets.extended(packets.LIMITS), lambda reply: tell(_open_files(replies.most_handles(reply.data))))


def _open_files(handles: int) -> int:
    """Decide by how many handles the server has; it is the client's number, and may be any. 0: it does not say."""
    if handles == 0:
        return UNTOLD
    return max(OPENED_AT_ONCE, min(handles - _KEPT_FREE, _MOST))
