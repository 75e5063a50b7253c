"""The promise: a pull that needs more memory than it may have says so, and the next one with enough works."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.harness.pulling import Pulling


def test_a_pull_that_outgrows_its_memory_says_so(pulling: Pulling) -> None:
    pulling.configure('memory = "64M"')

    seen = pulling.run()

    pulling.assert_nothing_counts(
        seen, code=3, outcome="failed", reason="out_of_memory", sentence="ran out of memory; raise `memory`"
    )
    pulling.configure()
    pulling.assert_next_run_is_good()
