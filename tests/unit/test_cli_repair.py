"""`borgpull repair`: what is gone, since when, what a rollback would take, and what an operator may decide."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from appliance.record import LedgerEntry, Operation, Outcome
from tests.cli_world import CliWorld
from tests.house import NOON, archive, record, repository

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.record import ArchiveStats

FIRST = archive("web1-2026-11-21T12:00:00", 1)
SECOND = archive("web1-2026-11-22T12:00:00", 2)
STRANGER = archive("web1-2027-01-01T00:00:00", 3)
NEWER = {"newer": 4, "bytes": 2048, "first": NOON.isoformat(), "last": NOON.isoformat(), "lost": 0}


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    made = CliWorld(tmp_path)
    made.with_repository()
    stats = replace(repository(), transaction=41, segments=30)
    ledger = [LedgerEntry(client="web1", archive=one, run_id="run-1") for one in (FIRST, SECOND)]
    made.journal.finish(replace(record(), archive=SECOND, repository=stats), ledger)
    return made


def there(one: ArchiveStats) -> dict[str, Any]:
    return {"archive": one.name, "id": one.id, "started": one.started.isoformat()}


def test_a_whole_repository_needs_no_repair(world: CliWorld) -> None:
    world.answer(there(FIRST), there(SECOND), {**NEWER, "newer": 0})

    shown = world.run("repair", "web1")

    assert shown.code == 0
    assert "nothing to repair" in shown.out
    world.answer(there(FIRST), there(SECOND), {**NEWER, "newer": 0})
    refused = world.run("repair", "web1", "--roll-back", "--yes")
    assert refused.code == 3
    assert "nothing to repair" in refused.err
    assert world.journal.open_requests() == []


def test_a_whole_list_with_something_written_since_can_be_rolled_back(world: CliWorld) -> None:
    # A client may have deleted what its archives consist of, or an earlier roll-back was cut off in the middle.
    world.answer(there(FIRST), there(SECOND), NEWER)

    shown = world.run("repair", "web1")

    assert "4 segments were written since the last good run" in shown.out
    assert "repair web1 --roll-back" in shown.out


def test_what_is_gone_is_named_with_the_last_good_run_and_the_ways_out(world: CliWorld) -> None:
    world.answer(there(SECOND), there(STRANGER), NEWER)

    shown = world.run("repair", "web1")

    assert shown.code == 3
    assert f"{FIRST.name}  2026-11-22 12:00:00  {FIRST.id}" in shown.out
    assert STRANGER.name in shown.out
    assert "Last good run: run-1, 2026-11-22 12:10:00 (transaction 41)." in shown.out
    assert "Written since: 4 segments, 2.0 KiB" in shown.out
    for way in ("--roll-back", "--accept"):
        assert f"borgpull repair web1 {way}" in shown.out


def test_programs_get_the_same_as_json(world: CliWorld) -> None:
    world.answer(there(SECOND), there(STRANGER), NEWER)

    shown = world.run("repair", "web1", "--json")

    assert shown.code == 3
    assert [one["id"] for one in shown.data["missing"]] == [FIRST.id]
    assert [one["name"] for one in shown.data["not_in_ledger"]] == [STRANGER.name]
    assert (shown.data["newer"]["segments"], shown.data["can_roll_back"]) == (4, True)


def test_what_our_own_interrupted_prune_deleted_is_not_missing(world: CliWorld) -> None:
    world.answer(there(SECOND), {"pruned": [FIRST.id]}, NEWER)

    assert world.run("repair", "web1").code == 0


def test_after_a_compact_there_is_no_way_back_and_it_says_so(world: CliWorld) -> None:
    world.answer(there(SECOND), {**NEWER, "lost": 3})

    shown = world.run("repair", "web1")
    refused = world.run("repair", "web1", "--roll-back", "--yes")

    assert "It cannot be rolled back: the repository was compacted after the last good run" in shown.out
    assert "--roll-back" not in shown.out
    assert refused.code == 3
    assert world.journal.open_requests() == []


def test_a_repository_that_does_not_open_can_be_rolled_back_but_not_accepted(world: CliWorld) -> None:
    world.answer({"trouble": "Borg failed. (Borg says: the manifest is gone)"}, NEWER)

    shown = world.run("repair", "web1")

    assert shown.code == 3
    assert "the manifest is gone" in shown.out
    assert "--roll-back" in shown.out
    assert world.run("repair", "web1", "--accept", "--yes").code == 3


@pytest.mark.parametrize(
    ("option", "operation"),
    [("--roll-back", Operation.REPAIR), ("--accept", Operation.ACCEPT), ("--delete-strangers", Operation.PURGE)],
)
def test_a_decision_becomes_a_run_that_is_watched(world: CliWorld, option: str, operation: Operation) -> None:
    world.answer(there(SECOND), there(STRANGER), NEWER)

    def carry_out() -> None:
        (request,) = world.journal.open_requests()
        assert request.operation is operation
        done = replace(record(Outcome.SUCCESS, run_id="run-2"), operation=operation, message="Done as decided.")
        world.journal.finish(done)
        world.journal.answer(request.request_id, run_id="run-2")

    world.meanwhile.append(carry_out)
    shown = world.run("repair", "web1", option, "--yes")

    assert shown.code == 0
    assert "Done as decided." in shown.out


def test_without_a_yes_nothing_is_decided(world: CliWorld) -> None:
    world.answer(there(SECOND), NEWER)

    shown = world.run("repair", "web1", "--roll-back", typed="n\n")

    assert shown.code == 130
    assert world.journal.open_requests() == []


def test_one_decision_at_a_time_and_never_while_the_client_runs(world: CliWorld) -> None:
    world.answer(there(SECOND), NEWER)
    assert world.run("repair", "web1", "--roll-back", "--accept").code == 2

    world.journal.begin(record(None, run_id="run-3"))
    shown = world.run("repair", "web1")

    assert shown.code == 3
    assert "web1 is running" in shown.err
