"""What must hold after a crash: O1 to O7 of docs/fault-matrix.md, asked of the journal's file and of plain Borg."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from appliance.record import Operation, Reason
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.torture.crashes import Crash, Fault
from tests.torture.rig import BYSTANDER, CLIENT, KEEP

if TYPE_CHECKING:
    from tests.torture.rig import Rig, Run

_GONE_WITHIN = 60.0
# A crash between the record of a run's beginning and the answer to its request repeats the request.
_REPEATABLE = (Fault.SUPERVISOR, Fault.POWER)


@dataclass
class Findings:
    """What did not hold, a sentence each: archives that are lost, things left behind, and what is said untruly."""

    lost: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        """Every finding."""
        return [*self.lost, *self.left, *self.untrue]

    def add(self, other: Findings) -> None:
        """Take over what another look found."""
        self.lost += other.lost
        self.left += other.left
        self.untrue += other.untrue


def after_the_crash(rig: Rig, crash: Crash, before: list[Run]) -> Findings:
    """Look at the journal and at what is left, before anything else runs (O5, O6)."""
    found = Findings()
    rig.wait_until_settled()
    runs = rig.journal().runs
    new = runs[len(before) :]
    if runs[: len(before)] != before:
        found.untrue.append("runs of before have changed")
    if not 1 <= len(new) <= (2 if crash.fault in _REPEATABLE else 1):
        found.untrue.append(f"{len(new)} runs for one request: {new}")
    if sum(run.is_good for run in new) > 1:
        found.untrue.append(f"two good runs for one request: {new}")
    found.untrue += [
        f"{run} does not tell its archive truly"
        for run in new
        if (run.archive is not None) != (run.is_good and run.operation == Operation.CREATE)
    ]
    found.untrue += [f"{run} is told as a fault of Borgpull itself" for run in new if run.reason == Reason.INTERNAL]
    _nothing_left(rig, found)
    return found


def after_the_next_pull(rig: Rig, crash: Crash, *, thorough: bool) -> Findings:
    """Pull once more, which must work by itself, and compare source, ledger and repository (O1 to O4)."""
    found = Findings()
    done = rig.appliance.run(CLIENT)
    if done.returncode != 0:
        found.untrue.append(f"the next pull ended with {done.returncode}: {' '.join(done.stdout.split())}")
    _nothing_left(rig, found)
    ledger, sight = rig.journal().ledger, rig.look(thorough=thorough)
    doomed = list(rig.archives)[:-KEEP] if crash.operation == Operation.PRUNE else []
    there = {name for name in ledger if name in sight.archives}
    found.lost += [f"{name} is gone" for name in rig.archives if name not in there and name not in doomed]
    found.left += [f"archive {name}" for name in sight.archives if not name.startswith(f"{CLIENT}-")]
    if ledger != [name for name in sight.archives if name.startswith(f"{CLIENT}-")]:
        found.untrue.append(f"the ledger has {ledger}, the repository {sight.archives}")
    if not sight.sound:
        found.untrue.append("borg check --verify-data finds fault with the repository")
    for name, digest in sight.digests.items():
        if name in there and digest != rig.archives.get(name, rig.digest):
            found.lost.append(f"{name} is not what the client had")
    rig.archives = {name: rig.archives.get(name, rig.digest) for name in ledger}
    return found


def at_the_end(rig: Rig) -> Findings:
    """Look at the client to which nothing was done (O7)."""
    found = Findings()
    sight = rig.look(BYSTANDER, thorough=True)
    ledger = rig.journal(BYSTANDER).ledger
    if sight.archives != ledger or not all(sight.digests.values()) or not sight.sound:
        found.lost.append(f"{BYSTANDER} has {ledger} in its ledger and {sight} in its repository")
    done = rig.appliance.run(BYSTANDER)
    if done.returncode != 0:
        found.untrue.append(f"{BYSTANDER} ended with {done.returncode}: {' '.join(done.stdout.split())}")
    return found


def _nothing_left(rig: Rig, found: Findings) -> None:
    try:
        assert_nothing_is_left(rig.appliance, CLIENT, rig.machine, within=_GONE_WITHIN)
    except AssertionError as left:
        found.left.append(str(left))
    sockets = rig.appliance.shell("find /state /repos -type s").stdout.split()
    found.left += [f"socket {path}" for path in sockets]
