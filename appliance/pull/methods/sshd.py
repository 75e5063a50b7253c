"""An own sshd of this run, which the client may log in to for one thing: one session of `borg serve`."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from appliance.plan import places
from appliance.pull import execute
from appliance.pull.failure import Failure
from appliance.pull.methods import serve
from appliance.pull.methods.key_pair import KeyPair, made_key_pair
from appliance.pull.waiting import wait_until
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan

# The only user of the image that owns anything here; sshd runs as the same one, and so can let nobody else in.
USER = "borgpull"
_CONFIG = places.SCRATCH / "sshd_config"
_AUTHORIZED = places.SCRATCH / "authorized_keys"
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin"}
_START_SECONDS = 10
_LOGIN_SECONDS = 30
# A client that has done its part hangs up within this time; the session of one that has not is ended.
_GOODBYE_SECONDS = 5
# Borg then rolls back what was not committed; a huge segment may take a while.
_END_SECONDS = 120
_KEPT_LINES = 50


class Log:
    """What sshd says, read all the time and kept in part: anybody who reaches the port can make it say more."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Begin to read."""
        self._stream = stream
        self._last: deque[str] = deque(maxlen=_KEPT_LINES)
        self.listens = self.was_reached = self.let_in = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for raw in self._stream:
            line = raw.decode("utf-8", "replace").strip()
            self._last.append(line)
            self.listens = self.listens or line.startswith("Server listening on ")
            self.was_reached = self.was_reached or line.startswith("Connection from ")
            self.let_in = self.let_in or line.startswith("Accepted publickey for ")

    def tail(self) -> str:
        """Return its last words as one line."""
        return " ".join(" ".join(self._last).split())[-300:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sshd:
    """A running sshd. `host_key` is its public key, by which the client knows it."""

    port: int
    host_key: str
    log: Log
    process: execute.Process

    def end(self) -> None:
        """Let nobody in any more, give the session a moment to end by itself, and wait until nobody serves."""
        serve.close()
        execute.end(self.process, grace_seconds=_GOODBYE_SECONDS)
        wait_until(lambda: not serve.is_going_on(), seconds=_GOODBYE_SECONDS)
        _hang_up()
        if not wait_until(lambda: not serve.is_going_on(), seconds=_END_SECONDS):
            serve.kill()


@contextmanager
def own_sshd(plan: RunPlan, *, address: str, port: int, user_key: str) -> Iterator[Sshd]:
    """Run an sshd there for as long as the block lasts; only `user_key`, a public key, is let in. Raises Failure."""
    host = made_key_pair("host_key")
    Path(serve.SCRIPT).write_text(serve.serve_script(plan), encoding="utf-8")
    Path(_AUTHORIZED).write_text(authorized_key(user_key), encoding="utf-8")
    Path(_CONFIG).write_text(sshd_config(plan, host, address=address, port=port), encoding="utf-8")
    running = _started(port, host)
    try:
        yield running
    finally:
        running.end()


def authorized_key(public_key: str) -> str:
    """Return the line that lets this key in for one command, whatever the client asks for."""
    return f'restrict,command="/bin/sh {serve.SCRIPT}" {public_key}\n'


def sshd_config(plan: RunPlan, host: KeyPair, *, address: str, port: int) -> str:
    """Return the whole configuration. Sshd has no rights here, so there is no PAM and no other user."""
    options: dict[str, object] = {
        "ListenAddress": address,
        "Port": port,
        "HostKey": host.private,
        "AuthorizedKeysFile": _AUTHORIZED,
        "AllowUsers": USER,
        "AuthenticationMethods": "publickey",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "no",
        "UsePAM": "no",
        "DisableForwarding": "yes",
        "PermitTTY": "no",
        "PermitUserRC": "no",
        "PermitUserEnvironment": "no",
        "MaxSessions": 1,
        "MaxAuthTries": 3,
        # Everybody on the client comes from the same address: the tries of others must not lock the right one out.
        "PerSourcePenalties": "no",
        "MaxStartups": "20:30:100",
        "LoginGraceTime": _LOGIN_SECONDS,
        "ClientAliveInterval": max(1, plan.connection_timeout // 3),
        "ClientAliveCountMax": 3,
        "Compression": "no",
        "PrintMotd": "no",
        "PrintLastLog": "no",
        "PidFile": "none",
        # By this it is known whether the client came at all.
        "LogLevel": "VERBOSE",
    }
    return "".join(f"{key} {value}\n" for key, value in options.items())


def _started(port: int, host: KeyPair) -> Sshd:
    process = execute.start(("/usr/sbin/sshd", "-D", "-e", "-f", str(_CONFIG)), _ENVIRONMENT, stderr=execute.PIPE)
    assert process.stderr is not None  # noqa: S101 - it was asked for
    log = Log(process.stderr)
    settled = wait_until(lambda: log.listens or process.poll() is not None, seconds=_START_SECONDS)
    if not settled or process.poll() is not None:
        execute.end(process, grace_seconds=1)
        raise Failure(
            Reason.INTERNAL, f"No sshd could be started in the pull container on port {port} (it says: {log.tail()})."
        )
    return Sshd(port=port, host_key=host.public, log=log, process=process)


def _hang_up() -> None:
    """End every process of sshd in this container: each connection has some of its own."""
    for folder in Path("/proc").glob("[0-9]*"):
        # One that is gone meanwhile needs no ending.
        with suppress(FileNotFoundError, ProcessLookupError):
            if (folder / "comm").read_text("utf-8").startswith("sshd"):
                os.kill(int(folder.name), signal.SIGTERM)
