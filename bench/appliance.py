"""The appliance's way: `borgpull run`, from the command to its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.way import FILES, LOOK, SOURCE, NotTheSameWorkError, durations

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

_RUN_SECONDS = 600.0
_BORG = "export BORG_BASE_DIR=/tmp/bench BORG_SELFTEST=disabled BORG_RELOCATED_REPO_ACCESS_IS_OK=yes"


class Borgpull:
    """A supervisor with a client of its own for each pair."""

    def __init__(
        self, appliance: ApplianceUnderTest, machine: Machine, *options: str, name: str = "borgpull", host: str = ""
    ) -> None:
        """Everything runs against that machine; `options` are those of `client add`, `host` is another way there."""
        self.name = name
        self._appliance, self._machine, self._options, self._host = appliance, machine, options, host

    def prepare(self, pair: str) -> None:
        """Add the client, install its key and pin the machine's."""
        client = self._client(pair)
        self._appliance.add_client(client, self._machine, "--path", f"/{SOURCE}", *self._options, host=self._host)

    def first(self, pair: str) -> None:
        """Run a client that has no repository yet."""
        self._run(pair)

    def unchanged(self, pair: str) -> None:
        """Run it again."""
        self._run(pair)

    def borg_seconds(self, pair: str) -> list[float]:
        """Ask the repository."""
        client = self._client(pair)
        passphrase = f"export BORG_PASSCOMMAND='cat /config/secrets/{client}/passphrase'"
        return durations(self._appliance.shell(f"{_BORG}\n{passphrase}\n{LOOK} /repos/{client}").stdout)

    def forget(self, pair: str) -> None:
        """Remove the repository and the cache: this client never runs again."""
        client = self._client(pair)
        self._appliance.shell(f"rm -rf /repos/{client} /state/cache/{client}")

    def check(self, pair: str) -> None:
        """Raise NotTheSameWorkError unless both archives hold the whole tree."""
        found = [
            run["archive"]["files"] for run in self._appliance.json("history", self._client(pair)) if run["archive"]
        ]
        if found != [FILES, FILES]:
            raise NotTheSameWorkError(f"{self.name} archived {found} files, not twice {FILES}")

    def _client(self, pair: str) -> str:
        return f"{self.name}-{pair}"

    def _run(self, pair: str) -> None:
        client = self._client(pair)
        done = self._appliance.run(client, within=_RUN_SECONDS)
        if done.returncode != 0:
            raise NotTheSameWorkError(f"borgpull run {client}: {done.returncode}\n{done.stdout}{done.stderr}")
