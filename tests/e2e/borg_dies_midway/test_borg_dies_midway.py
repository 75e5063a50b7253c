"""The promise: killed processes of ours are an interruption; their locks and half-made archives stay nobody's task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.harness.troubled import TroubledClient


@pytest.mark.parametrize(
    ("victim", "words"),
    [("*borg *create *", ("Borg was killed",)), ("*appliance.pull.controller*", ("killed in the middle",))],
    ids=("borg", "controller"),
)
def test_a_run_whose_own_process_is_killed_is_interrupted(
    troubled: TroubledClient, victim: str, words: tuple[str, ...]
) -> None:
    run = troubled.pull_slowly()

    troubled.kill_inside(victim)

    troubled.assert_failed(run.result(timeout=120), "killed", *words, outcome="interrupted", code=4)
    troubled.proxy.tell("calm")
    troubled.recovers()
