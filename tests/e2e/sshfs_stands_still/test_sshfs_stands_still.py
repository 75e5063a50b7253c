"""The promise: a mount that stands still, whose readers not even SIGKILL wakes, holds up no run longer than allowed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.troubled import MARGIN, STALL_TIMEOUT

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient

# Borg has 45 seconds to make a checkpoint, which it cannot; then the mount is ended under it.
_STOPPED_WITHIN = 45 + 25


@pytest.mark.parametrize("frozen", ["sshfs *", "ssh *"], ids=("sshfs", "ssh"))
def test_a_mount_that_stands_still_is_given_up_as_stalled(troubled: TroubledClient, frozen: str) -> None:
    run = troubled.pull_slowly()

    started = time.monotonic()
    troubled.freeze_inside(frozen)
    ended = run.result(timeout=180)

    assert time.monotonic() - started < STALL_TIMEOUT + MARGIN
    troubled.assert_failed(ended, "stalled", "stall_timeout")
    troubled.proxy.tell("calm")
    troubled.recovers()


def test_a_run_whose_mount_stands_still_can_be_stopped(troubled: TroubledClient) -> None:
    run = troubled.pull_slowly()
    troubled.freeze_inside("sshfs *")

    started = time.monotonic()
    troubled.appliance.borgpull("stop", troubled.name)
    ended = run.result(timeout=180)

    assert time.monotonic() - started < _STOPPED_WITHIN
    troubled.assert_failed(ended, "stopped", outcome="interrupted", code=4)
    troubled.proxy.tell("calm")
    troubled.recovers()
