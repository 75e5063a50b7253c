"""The repository that is thrown away: who may read it, and that it is gone whatever happens."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from appliance.edges.scratch import Scratch
from appliance.errors import StateError
from appliance.plan.make import plan_run
from tests.house import NOON, one

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.plan.run_plan import RunPlan


def plan(run_id: str = "fidelity-1") -> RunPlan:
    return plan_run(one(), "fidelity", run_id=run_id, now=NOON, appliance_id="us")


def scratch(state: Path) -> Scratch:
    return Scratch(state, uid=os.getuid(), gid=os.getgid())


def test_it_is_empty_private_and_has_a_passphrase_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "web1" / "fidelity-1.scratch"
    passphrases, modes = [], {}
    for _ in range(2):
        with scratch(tmp_path).lent(plan()):
            modes = {one.name: one.stat().st_mode & 0o777 for one in folder.iterdir()}
            passphrases.append((folder / "passphrase").read_text())

    assert modes == {"passphrase": 0o600, "repository": 0o700, "cache": 0o700, "restored": 0o700}
    assert len(set(passphrases)) == 2
    assert min(map(len, passphrases)) > 40
    assert not folder.exists()


def test_it_goes_when_what_used_it_fails_and_what_a_killed_one_left_goes_with_the_next(tmp_path: Path) -> None:
    left = tmp_path / "runs" / "web1" / "fidelity-0.scratch" / "repository"
    left.mkdir(parents=True)
    (left / "config").write_text("x")

    with pytest.raises(RuntimeError), scratch(tmp_path).lent(plan()):
        raise RuntimeError

    assert list((tmp_path / "runs" / "web1").iterdir()) == []


def test_where_it_cannot_be_made_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("in the way")

    with pytest.raises(StateError, match="cannot be made"), scratch(tmp_path).lent(plan()):
        pass
