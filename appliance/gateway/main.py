"""`borgpull gateway`: sshd, and beside it a loop that reports which tunnels are open."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import BorgpullError, ExitCode
from appliance.gateway import kernel, sshd
from appliance.gateway.admitted import Admitted
from appliance.gateway.idle import Idle
from appliance.plan import places
from appliance.plan.tunnel_report import TunnelReport

if TYPE_CHECKING:
    from types import FrameType

_LOOK_SECONDS = 1.0
_GRACE_SECONDS = 3.0


def main() -> int:
    """Serve until a signal, or until sshd ends: then there is no gateway, and the supervisor starts another."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        return serve(stopping)
    except OSError as error:
        print(f"borgpull gateway: {error}; the supervisor starts it, not people", file=sys.stderr)  # noqa: T201
        return BorgpullError.exit_code


def serve(stopping: threading.Event) -> int:
    """Run sshd and look after it."""
    server = sshd.start()
    admitted, idle = Admitted(server.pid), Idle(server.pid)
    while server.poll() is None and not stopping.wait(_LOOK_SECONDS):
        admitted.enforce()
        idle.enforce()
        report(Path(places.TUNNEL_REPORT))
    if server.poll() is not None:
        return server.returncode or ExitCode.FAILED
    server.terminate()
    try:
        server.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
    return ExitCode.SUCCESS


def report(file: Path) -> None:
    """Write which ports are open, in one step: the supervisor may read at any moment."""
    found = TunnelReport(time=datetime.now(UTC), ports=frozenset(kernel.listeners().values()))
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(found.to_json(), encoding="utf-8")
    fresh.replace(file)
