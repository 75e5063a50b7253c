"""One session of end-to-end tests: its network, its label on all it makes, and the end of it all."""

from __future__ import annotations

import os
from itertools import count

from tests.e2e.harness.engine import docker, names_of, wait_for
from tests.session import LABEL, PREFIX, SESSION

# Nothing of a test outlives this, even when the tests themselves are killed.
LIFETIME_SECONDS = 6 * 3600


class Lab:
    """Names, labels and the network of one session, or of one of its workers."""

    def __init__(self) -> None:
        self.prefix = PREFIX
        self.image = os.environ.get("BORGPULL_TEST_IMAGE", "borgpull:test")
        self.network = f"{self.prefix}-net"
        self._numbers = count(1)
        docker("network", "create", "--label", self.label, self.network)

    @property
    def label(self) -> str:
        """The label of everything this session makes, whichever worker does."""
        return f"{LABEL}={SESSION}"

    def name(self, what: str) -> str:
        """Return a name nobody else has, no other worker of the session either."""
        return f"{self.prefix}-{what}-{next(self._numbers)}"

    def volume(self, name: str, *options: str) -> str:
        """Make a volume of that name, which should begin as all of the session; `options` as of `volume create`."""
        docker("volume", "create", "--label", self.label, *options, name)
        return name

    def sweep(self, prefix: str = "") -> None:
        """Remove the containers and volumes with that name (all of this worker by default), running or not."""
        pattern = prefix or f"{self.prefix}-"
        said: list[str] = []
        try:
            wait_for(lambda: self._is_swept(pattern, said), within=120, what=f"nothing of {pattern} is left")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{said[-1:]}") from None

    def _is_swept(self, pattern: str, said: list[str]) -> bool:
        # What a supervisor removes, or makes, at this very moment is refused or missed, and gone at another try.
        if containers := self._containers(pattern):
            said.append(docker("container", "rm", "--force", "--volumes", *containers, check=False).stderr)
        if volumes := self._volumes(pattern):
            said.append(docker("volume", "rm", "--force", *volumes, check=False).stderr)
        return not self._containers(pattern) and not self._volumes(pattern)

    def _containers(self, pattern: str) -> list[str]:
        # Pull containers carry the product's own labels, so they go by their appliance's name.
        return names_of("container", f"name=^/?{pattern}")

    def _volumes(self, pattern: str) -> list[str]:
        return names_of("volume", f"label={self.label}", f"name=^{pattern}")

    def close(self) -> None:
        """Leave nothing behind."""
        self.sweep()
        docker("network", "rm", self.network)
