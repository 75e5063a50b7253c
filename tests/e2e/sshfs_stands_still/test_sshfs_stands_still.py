"""The promise: a mount that stands still, whose readers not even SIGKILL wakes, holds up no run longer than allowed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.troubled import STALL_TIMEOUT, STALLED_MARGIN

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient

# Borg has 45 seconds to make a checkpoint, which it cannot; then the mount is ended under it. After 75 the whole run
# would be ended in any case, whatever holds it.
_STOPPED_WITHIN = 45 + 27


@pytest.mark.parametrize("frozen", ["file system", "ssh"])
def test_a_mount_that_stands_still_is_given_up_as_stalled(either: TroubledClient, frozen: str) -> None:
    run = either.pull_slowly()

    started = time.monotonic()
    either.freeze_inside(either.file_system if frozen == "file system" else "ssh *")
    ended = run.result(timeout=240)

    assert time.monotonic() - started < STALL_TIMEOUT + STALLED_MARGIN
    either.assert_failed(ended, "stalled", "stall_timeout")
    either.proxy.tell("calm")
    either.recovers()


def test_a_run_whose_mount_stands_still_can_be_stopped(either: TroubledClient) -> None:
    run = either.pull_slowly()
    either.freeze_inside(either.file_system)

    started = time.monotonic()
    either.appliance.borgpull("stop", either.name)
    ended = run.result(timeout=240)

    assert time.monotonic() - started < _STOPPED_WITHIN
    either.assert_failed(ended, "stopped", outcome="interrupted", code=4)
    either.proxy.tell("calm")
    either.recovers()
