"""The rig: an appliance, a client behind a slow line, and a second client to which nothing may happen."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.record import Operation
from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.engine import docker, is_running, wait_for
from tests.e2e.harness.machine import Machine
from tests.e2e.harness.outside import outside
from tests.e2e.harness.proxy import ProxyMachine

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab

CLIENT, BYSTANDER = "tortured", "bystander"
# How many archives a prune keeps: few, so that nearly each prune has something to delete.
KEEP = 4
SETTLED_WITHIN = 150.0
# Half a pull is then reading, the other half is all that happens before and after.
_BYTES_A_SECOND = 400_000
_RULES = f"keep = {{ last = {KEEP} }}\nmax_change = 1.0\n" + 'connection_timeout = "6s"\nstall_timeout = "20s"\n'
_INSIDE = Path(__file__).with_name("inside.py").read_text(encoding="utf-8")
# The journal as a file, not as the product tells it; much sooner than by three commands, too.
_JOURNAL = """
import json, sqlite3, sys
journal = sqlite3.connect("file:/state/journal.sqlite?mode=ro", uri=True)
runs = journal.execute(
    "SELECT run_id, operation, outcome, reason, json_extract(record, '$.archive.name') FROM runs WHERE client = ?"
    " ORDER BY started", sys.argv[1:])
ledger = journal.execute("SELECT name FROM ledger WHERE client = ? ORDER BY started", sys.argv[1:])
waiting = journal.execute("SELECT count(*) FROM requests WHERE answered IS NULL")
print(json.dumps([list(runs), [name for name, in ledger], waiting.fetchone()[0]]))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the journal has it; what it has not is None."""

    run_id: str
    operation: str
    outcome: str | None
    reason: str | None
    archive: str | None

    @property
    def is_good(self) -> bool:
        """Whether it says that it did what it was for."""
        return self.outcome in ("success", "warning")


@dataclass(frozen=True, slots=True)
class Journal:
    """What stands in the journal of one client: runs and ledger, oldest first, and how many requests wait."""

    runs: list[Run]
    ledger: list[str]
    waiting: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What plain Borg sees: all archives, the digests of those it extracted ("": it could not), and a good check."""

    archives: list[str]
    digests: dict[str, str]
    sound: bool


@dataclass
class Rig:
    """`archives` are those that must be there and what they hold, oldest first, and `digest` is what the client holds.

    `spans` say how long an operation takes, in seconds.
    """

    appliance: ApplianceUnderTest
    machine: Machine
    proxy: ProxyMachine
    digest: str = ""
    archives: dict[str, str] = field(default_factory=dict)
    spans: dict[Operation, float] = field(default_factory=dict)

    @classmethod
    def set_up(cls, lab: Lab) -> Rig:
        """Start everything, make the first archives, and measure how long that takes."""
        appliance, machine = ApplianceUnderTest(lab), Machine(lab, "trixie", tree="none")
        appliance.write_config(appliance.read("/config/borgpull.toml").replace("keep = { daily = 7 }\n", _RULES))
        appliance.create()
        rig = cls(appliance=appliance, machine=machine, proxy=ProxyMachine(machine))
        rig.renew(0)
        appliance.add_client(CLIENT, machine, "--path", "/srv/tree", host=rig.proxy.host, listing="auto")
        appliance.add_client(BYSTANDER, machine, "--path", "/srv/tree")
        for client in (CLIENT, BYSTANDER):
            done = appliance.run(client)
            assert done.returncode == 0, done.stdout + done.stderr
        rig.take_note(Operation.CREATE)
        rig.slow_down()
        for operation in (Operation.CREATE, Operation.PRUNE):
            rig.renew(len(rig.archives))
            rig.begin(operation)
            asked = time.monotonic()
            rig.wait_until_settled()
            rig.spans[operation] = time.monotonic() - asked
            rig.take_note(operation)
        return rig

    def tear_down(self) -> None:
        """Remove all of it; others of the session have machines of their own."""
        for name in (f"{self.appliance.name}-", f"{self.machine.host}$", f"{self.proxy.host}$"):
            self.appliance.lab.sweep(name)

    # ---- the client ----

    def renew(self, seed: int) -> None:
        """Give the client new content."""
        self.digest = self.machine.exec("python3", "-", "renew", str(seed), stdin=_INSIDE).stdout

    def slow_down(self) -> None:
        """End every trouble of the line but its slowness."""
        self.proxy.tell("calm")
        self.proxy.tell("throttle", _BYTES_A_SECOND)

    # ---- its runs ----

    @property
    def container(self) -> str:
        """The name of a run's container."""
        return self.appliance.pull_container(CLIENT)

    def begin(self, operation: Operation) -> None:
        """Ask for a run and do not wait for it."""
        self.appliance.borgpull("run", CLIENT, "--operation", operation, "--no-wait")

    def is_container_running(self) -> bool:
        """Whether a run's container runs at this moment."""
        return is_running(self.container)

    def is_settled(self) -> bool:
        """Whether nothing runs and nothing is going to."""
        if self.appliance.siblings():
            return False
        now = self.journal()
        return not now.waiting and all(run.outcome for run in now.runs)

    def wait_until_settled(self) -> None:
        """Wait until each run has its end and no container is there."""
        wait_for(self.is_settled, within=SETTLED_WITHIN, what="each run has an end, and its container is gone")

    # ---- the truth ----

    def take_note(self, operation: Operation) -> None:
        """Expect from now on what an undisturbed run of that operation left: its archive, or the newest few."""
        new = {name: self.digest for name in self.journal().ledger if name not in self.archives}
        self.archives |= new
        if operation == Operation.PRUNE:
            self.archives = dict(list(self.archives.items())[-KEEP:])

    def journal(self, client: str = CLIENT) -> Journal:
        """Read the journal's file."""
        shown = docker("exec", self.appliance.supervisor, "python3", "-c", _JOURNAL, client)
        runs, ledger, waiting = json.loads(shown.stdout)
        return Journal(runs=[Run(*run) for run in runs], ledger=ledger, waiting=waiting)

    def look(self, client: str = CLIENT, *, thorough: bool = False) -> Sight:
        """Let plain Borg of Debian look at a copy of the repository: at what is new, or at all of it."""
        order = json.dumps({"known": list(self.archives), "thorough": thorough})
        shown = outside(self.appliance, client, "python3", "-c", _INSIDE, "look", order)
        return Sight(**json.loads(shown.stdout))
