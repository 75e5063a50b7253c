"""The way through other machines: a login at each, and from the last one a channel to where it leads."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import paramiko

from appliance.pull.failure import Failure
from appliance.pull.login import Stop, logged_in, unreachable, why
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fabric import Connection

# What an sshd answers when the connection was tried and failed, where it is not forbidden (RFC 4254, 5.1).
_CONNECT_FAILED = 2


@contextmanager
def at_the_last(stops: Sequence[Stop]) -> Iterator[Connection]:
    """Stay logged in at the last stop, and at all before it; raises Failure."""
    with ExitStack() as stack:
        connection = stack.enter_context(logged_in(stops[0], None))
        for here, following in pairwise(stops):
            connection = stack.enter_context(logged_in(following, through(connection, here, following)))
        yield connection


def through(connection: Connection, hop: Stop, following: Stop) -> paramiko.Channel:
    """Open a channel from a hop to the sshd of the machine that follows; raises Failure."""
    try:
        channel: paramiko.Channel = connection.transport.open_channel(
            "direct-tcpip",
            (following.host.lower(), following.port),
            ("127.0.0.1", 0),
            timeout=min(20, hop.patience_seconds),
        )
    except paramiko.ChannelException as error:
        if error.code == _CONNECT_FAILED:
            raise unreachable(following, "it does not connect", since=f" from {hop.host}") from error
        raise _forbidden(hop, following) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        if connection.is_connected:
            raise unreachable(following, "no answer in time", since=f" from {hop.host}") from error
        raise unreachable(hop, f"the connection broke off, {why(error)}") from error
    return channel


def _forbidden(hop: Stop, following: Stop) -> Failure:
    sentence = (
        f"{hop.place} lets nobody through to {following.place} with this key: its sshd_config must allow it "
        f"(AllowTcpForwarding, PermitOpen, DisableForwarding), and the key's line, which "
        f"`borgpull client setup {hop.client} --jump-lines` prints."
    )
    return Failure(Reason.FORWARDING, f"{hop.on_the_way}{sentence}")
