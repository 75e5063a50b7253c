"""A shell script on a client over a control connection: sent as its standard input, answered as bounded text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from appliance.pull.execute import Finished

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko
    from fabric import Connection

# A hostile client may print for ever; what it said last is what counts.
_KEPT_BYTES = 64 * 1024
_CHUNK = 32768
_PAUSE_SECONDS = 0.05
_TAIL_SECONDS = 2.0
# Paramiko's own patience with a client that has frozen is an hour.
_OPEN_SECONDS = 45


def run_script(
    connection: Connection, script: str, *, timeout_seconds: float, give_up: Callable[[], bool] = lambda: False
) -> Finished:
    """Run the script by /bin/sh; code -9 when the time is over, -1 when nobody told its end. Raises paramiko's errors.

    Standard input and not an argument: the script may be long, and other users of the client see arguments.
    `give_up` is asked again and again while it runs; a yes is as if the time were over.
    """
    channel: paramiko.Channel = connection.transport.open_session(timeout=_OPEN_SECONDS)
    try:
        return _watched(channel, script, timeout_seconds, give_up)
    finally:
        channel.close()


def _watched(channel: paramiko.Channel, script: str, timeout_seconds: float, give_up: Callable[[], bool]) -> Finished:
    channel.settimeout(timeout_seconds)
    channel.exec_command("exec /bin/sh -s")
    _send(channel, script)
    deadline = time.monotonic() + timeout_seconds
    kept = {"out": b"", "err": b""}
    quiet_since = time.monotonic()
    while True:
        if _take(channel, kept):
            quiet_since = time.monotonic()
        elif _has_said_all(channel, time.monotonic() - quiet_since):
            return _finished(channel.recv_exit_status(), kept)
        elif give_up() or time.monotonic() > deadline:
            return _finished(-9, kept)
        else:
            if not channel.exit_status_ready():
                quiet_since = time.monotonic()
            # Paramiko has no way to wait for both streams at once.
            time.sleep(_PAUSE_SECONDS)


def _has_said_all(channel: paramiko.Channel, quiet_seconds: float) -> bool:
    """Whether nothing more is to come of a channel with nothing to take.

    sshd may tell the exit status before the last of the output, so that is no end: the streams' own end is. Only where
    something that the script left behind holds them open, the status and a while of silence must do.
    """
    is_silent = bool(channel.eof_received) or quiet_seconds > _TAIL_SECONDS
    ended = bool(channel.closed) or (channel.exit_status_ready() and is_silent)
    # Looked at last: what came in before the end is there by now.
    return ended and not (channel.recv_ready() or channel.recv_stderr_ready())


def _send(channel: paramiko.Channel, script: str) -> None:
    try:
        channel.sendall(script.encode("utf-8", "surrogateescape"))
        channel.shutdown_write()
    except OSError:
        # What the key runs in place of a shell may end before it has read anything; then its exit code tells, as long
        # as it was not the connection that ended.
        if not channel.closed or not channel.get_transport().is_active():
            raise


def _take(channel: paramiko.Channel, kept: dict[str, bytes]) -> bool:
    taken = False
    if channel.recv_ready():
        kept["out"] = (kept["out"] + channel.recv(_CHUNK))[-_KEPT_BYTES:]
        taken = True
    if channel.recv_stderr_ready():
        kept["err"] = (kept["err"] + channel.recv_stderr(_CHUNK))[-_KEPT_BYTES:]
        taken = True
    return taken


def _finished(code: int, kept: dict[str, bytes]) -> Finished:
    out, err = (kept[name].decode("utf-8", "replace") for name in ("out", "err"))
    return Finished(code=code, stdout=out, stderr=err)
