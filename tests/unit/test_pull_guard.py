"""A client that replaces the key of its repository never gets away with it, even if it kills the run that looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.plan.run_plan import RunPlan
from appliance.pull import guard
from appliance.pull.failure import Failure
from appliance.pull.voice import Voice
from appliance.record import Reason

if TYPE_CHECKING:
    from pathlib import Path

PLAN = RunPlan(run_id="r1", client="web1", operation="create", appliance_id="us", method="socat", names="client")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config"
    file.write_text("ours")
    monkeypatch.setattr(guard, "_CONFIG", file)
    monkeypatch.setattr(guard, "_KEPT", tmp_path / "kept")
    monkeypatch.setattr(guard, "_REPLACED", tmp_path / "replaced")
    return file


def test_an_honest_session_leaves_nothing(config: Path) -> None:
    watch = guard.Guard(PLAN)

    watch.insist_unchanged()
    watch.put_back(Voice())

    assert [file.name for file in config.parent.iterdir()] == ["config"]


def test_a_replaced_key_is_put_back_and_the_run_fails(config: Path) -> None:
    watch = guard.Guard(PLAN)
    config.write_text("theirs")

    with pytest.raises(Failure) as failed:
        watch.insist_unchanged()

    assert failed.value.reason is Reason.TAMPERING
    assert config.read_text() == "ours"
    assert (config.parent / "replaced").read_text() == "theirs"
    assert config.stat().st_mode & 0o777 == 0o600


def test_a_run_that_was_killed_leaves_the_key_to_the_next_one(config: Path) -> None:
    guard.Guard(PLAN)
    config.write_text("theirs")

    with pytest.raises(Failure) as failed:
        guard.restore_key(PLAN)

    assert failed.value.reason is Reason.TAMPERING
    assert config.read_text() == "ours"
    guard.restore_key(PLAN)
    guard.Guard(PLAN)


def test_a_key_that_is_gone_is_put_back_too(config: Path) -> None:
    watch = guard.Guard(PLAN)
    config.unlink()

    watch.put_back(Voice())

    assert config.read_text() == "ours"
