"""The promise: on a terminal, `status --watch` shows a pull while it happens, and Ctrl-C ends it and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.e2e.harness.dialogue import at_a_terminal
from tests.e2e.harness.slow import pulled_slowly
from tests.e2e.harness.waiting import stay_within_a_day

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.dialogue import Dialogue
    from tests.e2e.harness.machine import Machine

# Progress comes file by file, so in small ones there is a rate wherever Borg is; three minutes of them on a slow line.
_FILES = "mkdir -p /srv/slow; head -c 12000000 /dev/urandom | split -b 20000 -a 3 - /srv/slow/"
_RATE = re.compile(r"slow .*\d [KM]iB +[\d.]+ [KM]iB/s .*create: reading")
_TO_ANOTHER_SCREEN, _BACK = "\x1b[?1049h", "\x1b[?1049l"


def watching(appliance: ApplianceUnderTest) -> AbstractContextManager[Dialogue]:
    return at_a_terminal(appliance, "status", "--watch", columns=150, lines=40)


def test_a_pull_is_seen_with_its_rate_and_goes_on_after_the_watching(
    shared_appliance: ApplianceUnderTest, shared_machine: Machine
) -> None:
    stay_within_a_day()
    shared_machine.exec("sh", "-c", _FILES)
    with pulled_slowly(shared_appliance, "slow", shared_machine, path="/srv/slow"), watching(shared_appliance) as seen:
        seen.wait_for(_RATE)

        code = seen.leave()

        assert shared_appliance.status("slow")["state"] == "running"
    assert code == 0
    # The screen is given back as it was.
    assert seen.drawn.count(_TO_ANOTHER_SCREEN) == seen.drawn.count(_BACK) == 1
    assert "Traceback" not in seen.drawn
    with watching(shared_appliance) as seen:
        seen.wait_for("·" * 29 + "█")
        assert seen.leave() == 0


def test_without_a_terminal_it_is_refused(shared_appliance: ApplianceUnderTest) -> None:
    refused = shared_appliance.borgpull("status", "--watch", check=False)

    assert (refused.returncode, "--watch draws on a terminal" in refused.stderr) == (2, True)
