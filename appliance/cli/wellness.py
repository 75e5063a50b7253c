"""The health check itself: standard library only, since every appliance runs it twice a minute for years."""

from __future__ import annotations

import os
import socket
import sys
import tomllib
from pathlib import Path

from appliance.errors import ExitCode

LOOPBACK, PORT = "127.0.0.1", 9187
# Who listens at every address listens at IPv4's loopback too; in many containers IPv6 has none.
_EVERY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104 - it is what the operator wrote; nothing is bound here
_TIMEOUT_SECONDS = 5
_LONGEST_ANSWER = 10_000


def main(config_folder: Path | None = None) -> int:
    """Ask the supervisor of this container, print what it says, and return the exit code."""
    folder = config_folder or Path(os.environ.get("BORGPULL_CONFIG") or "/config")
    try:
        status, text = ask(*place(folder))
    except (OSError, ValueError) as error:
        print(f"borgpull: no answer from the supervisor: {error}", file=sys.stderr)  # noqa: T201 - click is not loaded
        return ExitCode.NO_SUPERVISOR
    print(text)  # noqa: T201 - click is not loaded
    return ExitCode.SUCCESS if status == 200 else ExitCode.FAILED  # noqa: PLR2004 - HTTP's own number


def place(config_folder: Path) -> tuple[str, int]:
    """Read only the one key: the check must work while the rest of the file is wrong."""
    try:
        table = tomllib.loads((config_folder / "borgpull.toml").read_text(encoding="utf-8"))
        host, _, port = str(table["appliance"]["listen"]).rpartition(":")
        number = int(port)
    except (OSError, ValueError, KeyError, TypeError):
        return LOOPBACK, PORT
    host = host.strip("[]")
    return LOOPBACK if host in _EVERY_ADDRESS else host, number


def ask(host: str, port: int) -> tuple[int, str]:
    """Return status and text of /healthz; raises OSError without an answer, ValueError for one that is not HTTP."""
    with socket.create_connection((host, port), _TIMEOUT_SECONDS) as connection:
        connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        answer = b""
        while len(answer) < _LONGEST_ANSWER and (piece := connection.recv(_LONGEST_ANSWER)):
            answer += piece
    head, _, body = answer.decode("utf-8", "replace").partition("\r\n\r\n")
    return int(head.split(" ", 2)[1] if head.startswith("HTTP/") else "no HTTP"), body.strip()
