"""The promise: a connection that goes silent ends the run within the configured limit; it never hangs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.troubled import CONNECTION_TIMEOUT, MARGIN, STALL_TIMEOUT, STALLED_MARGIN

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient


@pytest.mark.parametrize("frozen", ["line", "machine"])
def test_a_frozen_connection_is_given_up_within_the_limit(either: TroubledClient, frozen: str) -> None:
    run = either.pull_slowly()

    started = time.monotonic()
    if frozen == "line":
        either.proxy.tell("freeze")
    else:
        either.machine.pause()
    ended = run.result(timeout=240)
    took = time.monotonic() - started
    either.calm()

    assert took < 2 * CONNECTION_TIMEOUT + MARGIN
    either.assert_failed(ended, "connection_lost", either.name, "broke in the middle")
    either.recovers()


def test_a_server_that_answers_but_sends_no_data_is_stalled(either: TroubledClient) -> None:
    run = either.pull_slowly()
    (sftp,) = either.machine.exec("pgrep", "-f", "internal-sftp|sftp-server -R").stdout.split()

    started = time.monotonic()
    either.machine.exec("kill", "-STOP", sftp)
    ended = run.result(timeout=240)
    took = time.monotonic() - started
    # The stopped process can only notice that its connection is gone when it may go on.
    either.machine.exec("kill", "-CONT", sftp, check=False)

    assert took < STALL_TIMEOUT + STALLED_MARGIN
    either.assert_failed(ended, "stalled", "stall_timeout", "sends no data")
    either.proxy.tell("calm")
    either.recovers()
