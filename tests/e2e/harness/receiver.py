"""A machine of the lab's network that is told things: a webhook, a check as at Healthchecks, and a mail server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.lab import LIFETIME_SECONDS
from tests.lab.receiver import HTTP_PORT, SMTP_PORT

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab

_SOURCE = Path(__file__).parents[2] / "lab" / "receiver.py"
_ASK = """
import sys, urllib.request
request = urllib.request.Request("http://127.0.0.1:{port}" + sys.argv[1], method=sys.argv[2])
print(urllib.request.urlopen(request, timeout=10).read().decode())
"""


class ReceiverMachine:
    """`web` and `mail` are where it listens on the lab's network, as address and port."""

    def __init__(self, lab: Lab) -> None:
        self.host = lab.name("receiver")
        self.web = f"{self.host}:{HTTP_PORT}"
        self.mail = f"{self.host}:{SMTP_PORT}"
        docker(
            "run", "--detach", "--init", "--name", self.host, "--label", lab.label, "--network", lab.network,
            "borgpull-lab:trixie", "timeout", str(LIFETIME_SECONDS), "python3", "-c", _SOURCE.read_text("utf-8"),
        )  # fmt: skip
        wait_for(lambda: self._ask("/received", check=False), within=120, what=f"{self.host} listens")

    def refuse(self, status: int) -> None:
        """Refuse everything with that HTTP status from now on; 0 takes it again."""
        self._ask(f"/refuse/{status}", "PUT")

    def received(self) -> list[dict[str, str]]:
        """Return all that arrived, in its order."""
        found: list[dict[str, str]] = json.loads(self._ask("/received"))
        return found

    def _ask(self, path: str, method: str = "GET", *, check: bool = True) -> str:
        script = _ASK.format(port=HTTP_PORT)
        return docker("exec", self.host, "python3", "-c", script, path, method, check=check).stdout
