"""The promise: on a terminal, `status --watch` shows a pull while it happens, and Ctrl-C ends it and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.slow import pulled_slowly

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.engine import Completed
    from tests.e2e.harness.machine import Machine


def watch(appliance: ApplianceUnderTest, seconds: int) -> Completed:
    """Watch on a terminal for so long, then press Ctrl-C."""
    return docker(
        "exec", "--tty", "--env", "COLUMNS=150", "--env", "LINES=40", appliance.supervisor,
        "timeout", "--foreground", "--preserve-status", "--signal", "INT", str(seconds),
        "borgpull", "status", "--watch", check=False,
    )  # fmt: skip


def test_a_pull_is_seen_with_its_rate_and_goes_on_after_the_watching(
    shared_appliance: ApplianceUnderTest, shared_machine: Machine
) -> None:
    with pulled_slowly(shared_appliance, "slow", shared_machine):
        wait_for(lambda: _step(shared_appliance) == "create", within=60, what="slow is read")

        watched = watch(shared_appliance, 10)

        assert shared_appliance.status("slow")["state"] == "running"
    assert watched.returncode == 0
    assert re.search(r"slow .*\d KiB +[\d.]+ KiB/s .*create: reading", watched.stdout)
    # The screen is given back as it was.
    assert watched.stdout.count("\x1b[?1049h") == watched.stdout.count("\x1b[?1049l") == 1
    assert "Traceback" not in watched.stdout
    shown = watch(shared_appliance, 5)
    assert (shown.returncode, "·" * 29 + "█" in _plain(shown.stdout)) == (0, True)


def test_without_a_terminal_it_is_refused(shared_appliance: ApplianceUnderTest) -> None:
    refused = shared_appliance.borgpull("status", "--watch", check=False)

    assert (refused.returncode, "--watch draws on a terminal" in refused.stderr) == (2, True)


def _step(appliance: ApplianceUnderTest) -> str:
    progress = appliance.status("slow")["progress"]
    return progress["step"] if progress else ""


def _plain(shown: str) -> str:
    return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", shown)
