"""What ends a prune before it deletes anything: contents that a client took away, and archives dated ahead."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from appliance.plan.events import ListedArchive
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


AHEAD = ListedArchive(name="web1-2900-01-01T00:00:00", id="a" * 64, started=NOON.replace(year=2900))


def test_a_prune_beside_an_archive_dated_ahead_asks_borg_for_nothing_and_its_simulation_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(*_: object, **__: object) -> Finished:
        return Finished(code=0, stdout="", stderr="")

    found = repository.Found(repository_id="7", encryption="none", archives=(AHEAD,), temporary=())
    monkeypatch.setattr(repository, "break_dead_locks", lambda *_: None)
    monkeypatch.setattr(repository, "look", lambda _: found)
    plan = plan_run(one(keep="{ daily = 7 }"), "prune", run_id="run-1", now=NOON, appliance_id="us")

    # Whatever it asked Borg would go to a program that is not there, and fail otherwise.
    with pytest.raises(Failure) as failed:
        pruning.prune(plan, Voice())
    monkeypatch.setattr(repository, "run_borg", answer)
    pruning.simulate(plan, Voice())

    assert failed.value.reason is Reason.RETENTION
    assert AHEAD.name in failed.value.message
    told = [json.loads(line)["value"] for line in capsys.readouterr().out.splitlines() if '"data"' in line]
    assert [AHEAD.name in one["refusal"] for one in told if "refusal" in one] == [True]
