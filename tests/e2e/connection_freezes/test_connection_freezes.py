"""The promise: a connection that goes silent ends the run within the configured limit; it never hangs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.troubled import CONNECTION_TIMEOUT, MARGIN, STALL_TIMEOUT

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient


@pytest.mark.parametrize("frozen", ["line", "machine"])
def test_a_frozen_connection_is_given_up_within_the_limit(troubled: TroubledClient, frozen: str) -> None:
    run = troubled.pull_slowly()

    started = time.monotonic()
    if frozen == "line":
        troubled.proxy.tell("freeze")
    else:
        troubled.machine.pause()
    ended = run.result(timeout=120)
    took = time.monotonic() - started
    troubled.calm()

    assert took < 2 * CONNECTION_TIMEOUT + MARGIN
    troubled.assert_failed(ended, "connection_lost", "troubled", "broke in the middle")
    troubled.recovers()


def test_a_server_that_answers_but_sends_no_data_is_stalled(troubled: TroubledClient) -> None:
    run = troubled.pull_slowly()
    (sftp,) = troubled.machine.exec("pgrep", "-f", "internal-sftp").stdout.split()

    started = time.monotonic()
    troubled.machine.exec("kill", "-STOP", sftp)
    ended = run.result(timeout=120)
    took = time.monotonic() - started
    # The stopped process can only notice that its connection is gone when it may go on.
    troubled.machine.exec("kill", "-CONT", sftp, check=False)

    assert took < STALL_TIMEOUT + MARGIN
    troubled.assert_failed(ended, "stalled", "stall_timeout", "sends no data")
    troubled.proxy.tell("calm")
    troubled.recovers()
