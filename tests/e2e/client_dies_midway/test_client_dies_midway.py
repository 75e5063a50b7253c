"""The promise: a machine that is switched off in the middle leaves no archive, and the next night is good again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient


def test_a_machine_that_dies_in_the_middle_keeps_nothing(either: TroubledClient) -> None:
    run = either.pull_slowly()

    either.machine.kill()
    ended = run.result(timeout=120)
    either.machine.start()

    either.assert_failed(ended, "connection_lost", either.name, "broke in the middle", "next run starts again")
    either.proxy.tell("calm")
    either.recovers()
