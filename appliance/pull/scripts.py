"""A shell script on a client over a control connection: sent as its standard input, answered as bounded text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from appliance.pull.execute import Finished

if TYPE_CHECKING:
    import paramiko
    from fabric import Connection

# A hostile client may print for ever; what it said last is what counts.
_KEPT_BYTES = 64 * 1024
_CHUNK = 32768
_PAUSE_SECONDS = 0.05


def run_script(connection: Connection, script: str, *, timeout_seconds: float) -> Finished:
    """Run the script by /bin/sh; code -9 when the time is over. Raises paramiko's errors.

    Standard input and not an argument: the script may be long, and other users of the client see arguments.
    """
    channel: paramiko.Channel = connection.transport.open_session()
    channel.settimeout(timeout_seconds)
    channel.exec_command("exec /bin/sh -s")
    channel.sendall(script.encode("utf-8", "surrogateescape"))
    channel.shutdown_write()
    deadline = time.monotonic() + timeout_seconds
    kept = {"out": b"", "err": b""}
    while not (channel.exit_status_ready() and not channel.recv_ready() and not channel.recv_stderr_ready()):
        if channel.closed and not channel.recv_ready() and not channel.recv_stderr_ready():
            break
        if not _take(channel, kept):
            if time.monotonic() > deadline:
                channel.close()
                return _finished(-9, kept)
            # Paramiko has no way to wait for both streams at once.
            time.sleep(_PAUSE_SECONDS)
    code = channel.recv_exit_status()
    channel.close()
    return _finished(code, kept)


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
