"""The appliance's way: `borgpull run`, from the command to its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.way import FILES, SOURCE, NotTheSameWorkError

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

_RUN_SECONDS = 600.0


class Borgpull:
    """A supervisor with a client of its own for each pair."""

    name = "borgpull"

    def __init__(self, appliance: ApplianceUnderTest, machine: Machine) -> None:
        """Everything runs against that one machine."""
        self._appliance, self._machine = appliance, machine

    def prepare(self, pair: str) -> None:
        """Add the client, install its key and pin the machine's."""
        self._appliance.add_client(pair, self._machine, "--path", f"/{SOURCE}")

    def first(self, pair: str) -> None:
        """Run a client that has no repository yet."""
        self._run(pair)

    def unchanged(self, pair: str) -> None:
        """Run it again."""
        self._run(pair)

    def forget(self, pair: str) -> None:
        """Remove the repository and the cache: this client never runs again."""
        self._appliance.shell(f"rm -rf /repos/{pair} /state/cache/{pair}")

    def check(self, pair: str) -> None:
        """Raise NotTheSameWorkError unless both archives hold the whole tree."""
        found = [run["archive"]["files"] for run in self._appliance.json("history", pair) if run["archive"]]
        if found != [FILES, FILES]:
            raise NotTheSameWorkError(f"borgpull archived {found} files, not twice {FILES}")

    def _run(self, pair: str) -> None:
        done = self._appliance.run(pair, within=_RUN_SECONDS)
        if done.returncode != 0:
            raise NotTheSameWorkError(f"borgpull run {pair}: {done.returncode}\n{done.stdout}{done.stderr}")
