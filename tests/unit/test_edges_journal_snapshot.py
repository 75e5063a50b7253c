"""The journal that goes into the escrow: what another machine must know, and nothing of the day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.edges.sqlite_journal import SqliteJournal
from appliance.edges.sqlite_journal.snapshot import snapshot
from appliance.errors import StateError
from appliance.record import LedgerEntry, Operation, RequestKind
from tests.fakes import FixedClock
from tests.house import NOON, archive, record, repository

if TYPE_CHECKING:
    from pathlib import Path

GOOD = archive("web1-2026-11-22T12:00:00", 1)


@pytest.fixture
def copied(tmp_path: Path) -> SqliteJournal:
    journal = SqliteJournal(tmp_path / "journal.sqlite", FixedClock(NOON))
    run = replace(record(), archive=GOOD, repository=replace(repository(), transaction=7, segments=3))
    journal.finish(run, [LedgerEntry(client="web1", archive=GOOD, run_id=run.run_id)])
    journal.begin(replace(record(), run_id="in-progress", finished=None, outcome=None))
    journal.ask(RequestKind.RUN, "web1", Operation.CREATE)
    for key in ("appliance_id", "heartbeat", "paused"):
        journal.set_fact(key, "old")
    assert (known := journal.repository("web1")) is not None
    assert known.point is not None

    # The supervisor's connection stays open, as it would.
    (tmp_path / "copy.sqlite").write_bytes(snapshot(tmp_path / "journal.sqlite", {"paused": "for the escrow"}))
    return SqliteJournal(tmp_path / "copy.sqlite", FixedClock(NOON))


def test_ledger_repositories_history_and_identity_go_along(copied: SqliteJournal) -> None:
    assert [entry.archive for entry in copied.archives("web1")] == [GOOD]
    known = copied.repository("web1")
    assert known is not None
    assert known.repository_id == repository().id
    assert copied.last_runs()["web1"].archives == 1
    assert copied.fact("appliance_id") == "old"
    assert copied.fact("paused") == "for the escrow"


def test_nothing_that_was_going_on_goes_along(copied: SqliteJournal) -> None:
    assert copied.unfinished() == []
    assert copied.open_requests() == []
    assert copied.fact("heartbeat") is None


def test_nobody_can_roll_back_to_the_day_of_the_escrow(copied: SqliteJournal) -> None:
    known = copied.repository("web1")

    assert known is not None
    assert known.point is None


def test_the_copy_is_a_journal_that_can_be_written(copied: SqliteJournal) -> None:
    copied.set_fact("paused", "")

    assert copied.fact("paused") == ""


def test_without_a_journal_there_is_no_copy(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be copied"):
        snapshot(tmp_path / "journal.sqlite", {})

    assert list(tmp_path.iterdir()) == []
