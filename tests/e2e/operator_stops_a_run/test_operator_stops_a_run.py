"""The promise: `borgpull stop` ends a pull, and nothing of it counts or stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.pulling import FRESH_BYTES

if TYPE_CHECKING:
    from tests.e2e.harness.pulling import Pulling


def test_a_stopped_pull_is_an_interruption_and_the_next_one_works(pulling: Pulling) -> None:
    seen = pulling.watched(lambda: pulling.appliance.borgpull("stop", pulling.client))

    pulling.assert_nothing_counts(
        seen, code=4, outcome="interrupted", reason="stopped", sentence="It was stopped on request."
    )
    pulling.assert_next_run_is_good()
    # What the stopped run had stored is new all the same: nothing of it was there before, and it may have been a burst.
    assert pulling.appliance.last_run(pulling.client)["archive"]["deduplicated_size"] > FRESH_BYTES


def test_stopping_what_does_not_run_says_so(pulling: Pulling) -> None:
    stopped = pulling.appliance.borgpull("stop", pulling.client, check=False)

    assert (stopped.returncode, stopped.stdout) == (5, "web is not running\n")
