"""What must be gone after every run, whatever happened in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan.places import CLIENT_ROOT
from tests.e2e.harness.engine import wait_for

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine


def leftovers(appliance: ApplianceUnderTest, client: str, machine: Machine | None = None) -> list[str]:
    """List what is left of the client's runs: containers, mounts, Borg locks, temporary archives, ssh sessions."""
    found = [f"container {name}" for name in appliance.siblings()]
    found += [f"mount {line}" for line in _mounts(appliance)]
    locks = appliance.shell(f"find /repos/{client} /state/cache/{client} -name 'lock.*' 2>/dev/null || true").stdout
    found += [f"lock {path}" for path in locks.split()]
    if machine is not None and machine.ssh_sessions():
        found.append(f"{machine.ssh_sessions()} ssh sessions on {machine.host}")
    return found


def assert_nothing_is_left(
    appliance: ApplianceUnderTest, client: str, machine: Machine | None = None, *, within: float = 40
) -> None:
    """Fail unless all of it is gone within so many seconds after the run's end was reported.

    What nobody removes but the supervisor, which looks for what was forgotten, stands for a minute.
    """
    last: list[str] = []

    def is_clean() -> bool:
        last[:] = leftovers(appliance, client, machine)
        return not last

    try:
        wait_for(is_clean, within=within, what="nothing is left")
    except AssertionError:
        raise AssertionError(f"left behind by {client}: {last}") from None


def _mounts(appliance: ApplianceUnderTest) -> list[str]:
    """List the mounts of the engine's host that can be of a pull of this appliance.

    A pull mounts at one place in its container, which the host sees below the container's own root, or in a volume of
    the appliance. Elsewhere it is the mount of another test, or of whoever works on this machine.
    """
    lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    found = [line for line in lines if line.split()[2] in ("fuse.sshfs", "fuse.pullfs")]
    places = (f"{CLIENT_ROOT} ", f"/volumes/{appliance.name}-")
    return [line for line in found if any(place in line for place in places)]
