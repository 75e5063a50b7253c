"""A prune deletes nothing beside what a client of its own has taken away below its archives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.plan.make import plan_run
from appliance.pull import bounds, pruning, repository
from appliance.pull.execute import Finished
from appliance.pull.failure import Failure
from appliance.pull.voice import Voice
from appliance.record import Reason
from tests.house import NOON, one


@pytest.mark.parametrize("compact", ["before", "later"])
def test_contents_that_are_gone_end_a_prune_before_it_asks_what_to_delete(
    monkeypatch: pytest.MonkeyPatch, compact: str
) -> None:
    asked: list[str] = []

    def answer(_plan: object, command: object, **_: object) -> Finished:
        asked.append(str(command))
        return Finished(code=1, stdout="", stderr="")

    found = repository.Found(repository_id="7", encryption="none", archives=(), temporary=())
    monkeypatch.setattr(repository, "break_dead_locks", lambda *_: None)
    monkeypatch.setattr(repository, "look", lambda _: found)
    monkeypatch.setattr(repository, "run_borg", answer)
    monkeypatch.setattr(bounds, "lift", lambda _: None)
    plan = plan_run(one(keep="{ daily = 7 }"), "prune", run_id="run-1", now=NOON, appliance_id="us")

    with pytest.raises(Failure) as failed:
        pruning.prune(replace(plan, wrote_itself=True, compact=compact), Voice())

    assert failed.value.reason is Reason.TAMPERING
    assert len(asked) == 1
    assert "--archives-only" in asked[0]
