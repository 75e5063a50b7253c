"""One client of an appliance behind a bad network, so that a pull lasts as long as the test wants it to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.e2e.harness.engine import Completed, is_running, wait_beside, wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside_archives
from tests.e2e.harness.proxy import ProxyMachine

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

_SLOW_BYTES_PER_SECOND = 150_000
# Small files, since progress comes file by file.
FRESH_BYTES = 9_000_000
_FRESH = f"mkdir -p /srv/tree/fresh; head -c {FRESH_BYTES} /dev/urandom | split -b 30000 -a 3 - /srv/tree/fresh/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulling:
    """The client `web`: a machine with a tree of some megabytes behind a proxy."""

    appliance: ApplianceUnderTest
    machine: Machine
    proxy: ProxyMachine
    client: str = "web"

    @classmethod
    def set_up(cls, appliance: ApplianceUnderTest, machine: Machine, *options: str) -> Pulling:
        """Put a proxy before the machine and add it as a client; `options` are those of `client add`."""
        pulling = cls(appliance=appliance, machine=machine, proxy=ProxyMachine(machine))
        appliance.add_client(pulling.client, machine, "--path", "/srv/tree", *options, host=pulling.proxy.host)
        return pulling

    def configure(self, more: str = "") -> None:
        """Write the client's file anew, with more lines in it."""
        text = f'host = "{self.proxy.host}"\nuser = "root"\npaths = ["/srv/tree"]\n{more}\n'
        self.appliance.write_config(text, f"/config/clients.d/{self.client}.toml")

    @property
    def container(self) -> str:
        """The name of the run's container."""
        return self.appliance.pull_container(self.client)

    def slow_down(self) -> None:
        """Let the next pull take a minute: a slow line, and something to read that Borg does not know yet."""
        self.machine.exec("sh", "-c", _FRESH)
        self.proxy.tell("throttle", _SLOW_BYTES_PER_SECOND)

    def begin(self) -> str:
        """Start a pull over a slow line, wait until Borg reads, and return the run's id."""
        self.slow_down()
        self.appliance.borgpull("run", self.client, "--no-wait")
        wait_for(self.is_reading, within=120, what=f"a pull of {self.client} reads")
        run_id = self.appliance.last_run(self.client)["run_id"]
        assert isinstance(run_id, str)
        return run_id

    def watched(self, trouble: Callable[[], object]) -> Completed:
        """Pull over a slow line as an operator who watches, let the trouble happen while Borg reads: what is seen."""
        self.slow_down()
        with ThreadPoolExecutor(1) as beside:
            watching = beside.submit(self.appliance.run, self.client)
            wait_beside(watching, self.is_reading, within=120, what=f"a pull of {self.client} reads")
            trouble()
            return watching.result()

    def is_reading(self) -> bool:
        """Whether the journal has seen Borg read something of the client."""
        return self.appliance.metric("run_processed_bytes", self.client) > 0

    def is_in_progress(self) -> bool:
        """Whether the journal knows of a run without an end."""
        return self.appliance.metric("run_in_progress", self.client) > 0

    def is_container_running(self) -> bool:
        """Whether the run's container runs."""
        return is_running(self.container)

    def wait_until_container_ended(self) -> None:
        """Wait until the run's container runs no more, whatever the journal knows."""
        wait_for(lambda: not self.is_container_running(), within=120, what=f"{self.container} ends")

    def recorded(self, run_id: str, *, within: float = 120) -> dict[str, Any]:
        """Wait until the run has an end in the journal, and return it."""

        wait_for(lambda: not self.is_in_progress(), within=within, what=f"the end of {run_id} is recorded")
        runs = self.appliance.json("history", self.client)
        (found,) = (run for run in runs if run["run_id"] == run_id and run["outcome"] is not None)
        assert isinstance(found, dict)
        return found

    def run(self) -> Completed:
        """Pull over a good line and wait for the end."""
        self.proxy.tell("calm")
        return self.appliance.run(self.client)

    def assert_nothing_counts(self, seen: Completed, *, code: int, outcome: str, reason: str, sentence: str) -> None:
        """Fail unless the operator saw just that, the record says the same, no archive counts and nothing is left."""
        assert seen.returncode == code, seen.stdout + seen.stderr
        assert sentence in " ".join(seen.stdout.split())
        run = self.appliance.last_run(self.client)
        assert (run["outcome"], run["reason"], run["archive"]) == (outcome, reason, None), run
        assert sentence in run["message"]
        self.assert_nothing_is_left()

    def final_archives(self) -> list[str]:
        """List the archives under final names, by plain Borg and not by the appliance."""
        return [name for name in outside_archives(self.appliance, self.client) if name.startswith(f"{self.client}-")]

    def good_archives(self) -> list[str]:
        """List the archives that the ledger vouches for and that are there."""
        seen = self.appliance.json("archives", self.client)
        return [one["name"] for one in seen if one["in_ledger"] and one["in_repository"]]

    def assert_nothing_is_left(self) -> None:
        """Fail if anything of a run is still there."""
        assert_nothing_is_left(self.appliance, self.client, self.machine)

    def assert_next_run_is_good(self) -> None:
        """Fail unless the next run works by itself, and ledger and repository then say the same."""
        done = self.run()
        assert done.returncode == 0, done.stdout + done.stderr
        assert self.final_archives() == self.good_archives()
        self.assert_nothing_is_left()
