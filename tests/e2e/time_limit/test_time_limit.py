"""The promise: no pull takes longer than its `timeout`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.harness.pulling import Pulling

_TIMEOUT_SECONDS = 12
# The container starts, connects and undoes what it did; Borg in the middle of a large file is given half a minute.
_MARGIN_SECONDS = 180
# With it a whole pull takes minutes longer than that.
_BYTES_A_SECOND = 30_000


def test_a_pull_over_its_time_limit_is_ended_and_fails(pulling: Pulling) -> None:
    pulling.configure(f'timeout = "{_TIMEOUT_SECONDS}s"')
    pulling.slow_down()
    pulling.proxy.tell("throttle", _BYTES_A_SECOND)
    begun = time.monotonic()

    seen = pulling.appliance.run(pulling.client)

    assert time.monotonic() - begun < _TIMEOUT_SECONDS + _MARGIN_SECONDS
    pulling.assert_nothing_counts(
        seen, code=3, outcome="failed", reason="timeout", sentence="longer than its `timeout`"
    )
    pulling.configure()
    pulling.assert_next_run_is_good()
