"""What must be gone after every run, whatever happened in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import wait_for

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine


def leftovers(appliance: ApplianceUnderTest, client: str, machine: Machine | None = None) -> list[str]:
    """List what is left of the client's runs: containers, mounts, Borg locks, temporary archives, ssh sessions."""
    found = [f"container {name}" for name in appliance.siblings()]
    mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    found += [f"mount {line}" for line in mounts if "fuse.sshfs" in line or "fuse.pullfs" in line]
    locks = appliance.shell(f"find /repos/{client} /state/cache/{client} -name 'lock.*' 2>/dev/null || true").stdout
    found += [f"lock {path}" for path in locks.split()]
    if machine is not None and machine.ssh_sessions():
        found.append(f"{machine.ssh_sessions()} ssh sessions on {machine.host}")
    return found


def assert_nothing_is_left(
    appliance: ApplianceUnderTest, client: str, machine: Machine | None = None, *, within: float = 20
) -> None:
    """Fail unless all of it is gone within so many seconds after the run's end was reported."""
    last: list[str] = []

    def is_clean() -> bool:
        last[:] = leftovers(appliance, client, machine)
        return not last

    try:
        wait_for(is_clean, within=within, what="nothing is left")
    except AssertionError:
        raise AssertionError(f"left behind by {client}: {last}") from None
