"""How each fault is done to a rig, and how what can be mended from outside is mended: nothing else needs a hand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.troubled import KILL
from tests.torture.crashes import Fault

if TYPE_CHECKING:
    from tests.torture.crashes import Crash
    from tests.torture.rig import Rig, Run

# Command lines, as the shell matches them.
_PROCESSES = {
    Fault.BORG: "*borg *",
    Fault.FILE_SYSTEM: "*appliance.pull.pullfs*",
    Fault.SSH: "ssh *",
    Fault.CONTROLLER: "*appliance.pull.controller*",
}
_ATTEMPTS = 6


def strike(rig: Rig, crash: Crash) -> list[Run] | None:
    """Begin the operation, strike at the moment, and mend; returns the runs that were there before it.

    Where nothing was left to be hit it was a good run, and the next attempt comes sooner; None when all came too late.
    """
    for attempt in range(_ATTEMPTS):
        rig.renew(crash.content + attempt)
        before = rig.journal().runs
        rig.begin(crash.operation)
        _wait(crash.moment * rig.spans[crash.operation] / 2**attempt)
        if _hit(rig, crash.fault, len(before)):
            _mend(rig, crash.fault)
            return before
        rig.wait_until_settled()
        rig.take_note(crash.operation)
    return None


def _wait(seconds: float) -> None:
    at = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() >= at, within=seconds + 10, what="the moment has come")


def _hit(rig: Rig, fault: Fault, begun: int) -> bool:
    """Strike as soon as there is something to be struck; false once the run is over."""
    hit = False

    def is_done() -> bool:
        nonlocal hit
        hit = _struck(rig, fault)
        return hit or (rig.is_settled() and len(rig.journal().runs) > begun)

    if fault in (Fault.SUPERVISOR, Fault.POWER):
        # There is always one; but after the end of the run it would be no crash of the run.
        now = rig.journal()
        return (len(now.runs) == begun or not rig.is_settled()) and _struck(rig, fault)
    wait_for(is_done, within=120, what=f"{fault} can be struck, or the run is over")
    return hit


def _struck(rig: Rig, fault: Fault) -> bool:
    """Strike now; whether anything was hit."""
    match fault:
        case Fault.BORG | Fault.FILE_SYSTEM | Fault.SSH | Fault.CONTROLLER:
            words = ("exec", "--user", "0", rig.container, "sh", "-c", KILL, "sh", _PROCESSES[fault])
            return "killed" in docker(*words, check=False).stdout
        case Fault.PID_1:
            return docker("kill", "--signal", "KILL", rig.container, check=False).returncode == 0
        case Fault.CONTAINER:
            return rig.is_container_running() and docker("rm", "--force", rig.container, check=False).returncode == 0
        case Fault.SUPERVISOR:
            rig.appliance.kill()
        case Fault.POWER:
            docker("kill", "--signal", "KILL", rig.appliance.supervisor, rig.container, check=False)
        case Fault.CLIENT | Fault.CONNECTION | Fault.SILENCE:
            if not rig.is_container_running():
                return False
            _strike_outside(rig, fault)
    return True


def _strike_outside(rig: Rig, fault: Fault) -> None:
    match fault:
        case Fault.CLIENT:
            rig.machine.kill()
        case Fault.CONNECTION:
            rig.proxy.tell("cut")
        case _:
            rig.proxy.tell("freeze")


def _mend(rig: Rig, fault: Fault) -> None:
    """Start again what a machine or its owner would start again; of the run itself nothing is touched."""
    match fault:
        case Fault.SUPERVISOR | Fault.POWER:
            rig.appliance.start()
        case Fault.CLIENT:
            rig.machine.start()
        case Fault.SILENCE:
            # The line comes back only after the run has given up on it.
            rig.wait_until_settled()
            rig.slow_down()
        case _:
            pass
