"""The lab's bad network: a container on the lab's network that forwards to a machine and obeys the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import Completed, docker, wait_for
from tests.e2e.harness.lab import LIFETIME_SECONDS

if TYPE_CHECKING:
    from tests.e2e.harness.machine import Machine


class ProxyMachine:
    """Connect to `host` instead of the machine's own; port 22 there is the machine's.

    With `leads_to`, an address and a port, that port of the proxy leads there instead.
    """

    def __init__(self, machine: Machine, *, leads_to: str = "", image: str = "borgpull-lab:trixie") -> None:
        lab = machine.lab
        server = leads_to or f"{machine.host}:22"
        self.host = lab.name("proxy")
        docker(
            "run", "--detach", "--init", "--name", self.host, "--label", lab.label, "--network", lab.network,
            image, "timeout", str(LIFETIME_SECONDS),
            "python3", "-m", "tests.lab.proxy", "serve", server.rpartition(":")[2], server,
        )  # fmt: skip
        self._wait_until_up()

    def stop(self) -> None:
        """Switch it off: the lab's network then knows no such name."""
        docker("kill", self.host)

    def start(self) -> None:
        """Switch it on again, calm."""
        docker("start", self.host)
        self._wait_until_up()

    def tell(self, word: str, number: float | None = None) -> int:
        """Give an order of tests/lab/proxy.py; returns the bytes that came from the machine so far.

        Words: calm, count, refuse, delay (seconds), throttle (bytes a second), and freeze and cut, at once or after so
        many more bytes. `carried` alone returns the bytes of both directions.
        """
        done = self._tell(word, *([] if number is None else [str(number)]))
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    def _wait_until_up(self) -> None:
        wait_for(lambda: self._tell("count").returncode == 0, within=120, what=f"{self.host} listens")

    def _tell(self, *words: str) -> Completed:
        return docker("exec", self.host, "python3", "-m", "tests.lab.proxy", "tell", *words, check=False)
