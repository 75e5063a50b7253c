"""The promise: killed with -9 at any moment, each run has exactly one end, and ledger and repository agree."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import state_of, wait_for

if TYPE_CHECKING:
    from tests.e2e.harness.pulling import Pulling

_SEED = 20261123
_KILLS = 8
# From the request to the beginning of the run, and from its end to the removal of its container.
_REQUEST_SECONDS = 1.5
End = tuple[str, str | None]
_ENDS: set[End] = {("success", None), ("interrupted", "killed")}


def _moments(pull_seconds: float) -> list[float]:
    """Spread over a whole run, one in each eighth: before the container, during create, and around the record."""
    chance = random.Random(_SEED)  # noqa: S311 - the same moments each time is the point
    return [(part + chance.random()) * pull_seconds / _KILLS for part in range(_KILLS)]


@pytest.mark.timeout(900)
def test_each_run_ends_exactly_once_whenever_the_supervisor_is_killed(pulling: Pulling) -> None:
    appliance = pulling.appliance
    pulling.assert_next_run_is_good()
    first = appliance.last_run(pulling.client)
    seen = {first["run_id"]}

    for moment in _moments(first["duration_seconds"] + _REQUEST_SECONDS):
        appliance.borgpull("run", pulling.client, "--no-wait")
        _wait(moment)
        appliance.kill()
        appliance.start()
        ends = _ends_of_new_runs(pulling, frozenset(seen))
        # A crash between the record of a run's beginning and the answer to its request repeats the request.
        assert 1 <= len(ends) <= 2, ends
        assert set(ends.values()) <= _ENDS, ends
        assert sum(outcome == "success" for outcome, _ in ends.values()) <= 1, "two pulls for one request"
        seen |= set(ends)

    pulling.assert_next_run_is_good()


def _wait(seconds: float) -> None:
    at = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() >= at, within=seconds + 1, what="the moment has come")


def _ends_of_new_runs(pulling: Pulling, seen: frozenset[str]) -> dict[str, End]:
    """Wait until there are new runs and all have ended, and return how, by their ids."""

    def ends() -> dict[str, End]:
        if pulling.is_in_progress() or _container_is_there(pulling):
            return {}
        runs = pulling.appliance.json("history", pulling.client, "--limit", "100")
        new = {run["run_id"]: (run["outcome"], run["reason"]) for run in runs if run["run_id"] not in seen}
        assert len(runs) == len(seen) + len(new), "a run stands there twice"
        return new if all(outcome is not None for outcome, _ in new.values()) else {}

    return wait_for(ends, within=120, what="each run has an end")


def _container_is_there(pulling: Pulling) -> bool:
    return bool(state_of(pulling.container))
