"""A prune of ours that was cut off is no tampering, however often it is cut off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from appliance.plan.events import ListedArchive
from appliance.plan.run_plan import KnownArchive, RunPlan
from appliance.pull import ledger
from appliance.pull.failure import Failure
from appliance.record import Reason

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
A, B, C = (ListedArchive(name=f"web1-{name}", id=name * 64, started=NOON) for name in "abc")


@pytest.fixture(autouse=True)
def announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "_ABOUT_TO_GO", tmp_path / "pruning.json")


def plan() -> RunPlan:
    known = tuple(KnownArchive(name=one.name, id=one.id, started=one.started.isoformat()) for one in (A, B, C))
    return RunPlan(
        run_id="r1", client="web1", operation="prune", appliance_id="us", method="socat", names="client", known=known
    )


def test_a_prune_that_was_cut_off_twice_is_still_ours() -> None:
    ledger.announce(plan(), (A, B, C), (A,))
    ledger.announce(plan(), (B, C), (B,))

    ledger.insist_complete(plan(), (C,))
    assert set(ledger.gone_by_our_prune(plan(), (C,))) == {A.id, B.id}


def test_what_we_did_not_announce_is_tampering() -> None:
    ledger.announce(plan(), (A, B, C), (A,))

    with pytest.raises(Failure) as failed:
        ledger.insist_complete(plan(), (B,))

    assert failed.value.reason is Reason.TAMPERING
