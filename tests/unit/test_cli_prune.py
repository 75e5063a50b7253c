"""What a prune would keep, and what is kept for ever."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appliance.plan.checked import Checked, checked_fact
from appliance.plan.retention import protected_fact
from appliance.record import LedgerEntry, Operation
from tests.cli_world import CliWorld
from tests.house import NOON, archive, record

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = "web1-2026-10-30T12:00:00", "web1-2026-11-21T12:00:00"


def item(name: str, why: str = "", number: int = 1) -> dict[str, object]:
    started = f"{name.removeprefix('web1-')}+00:00"
    return {"name": name, "id": f"{number:064x}", "started": started, "kept": bool(why), "why": why}


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    made = CliWorld(tmp_path)
    made.with_repository()
    entries = [LedgerEntry(client="web1", archive=archive(name, at), run_id="r") for at, name in enumerate((OLD, NEW))]
    made.journal.finish(record(), entries)
    return made


def test_what_would_be_kept_stands_on_a_calendar_with_its_rule(world: CliWorld) -> None:
    world.answer(item(OLD), item(NEW, "daily 1", 2), item("web1-2026-11-21T18:00:00", "protected", 3))

    page = world.run("prune", "web1", "--simulate").out

    october, november = page.split("November 2026 (UTC)")
    assert "October 2026 (UTC)" in october
    assert "30 -" in october
    assert "21 dP" in november
    assert "nothing: would be deleted" in page
    assert "2 archives would be kept, 1 archive deleted." in page


def test_programs_get_each_archive_with_why(world: CliWorld) -> None:
    world.answer(item(OLD), item(NEW, "daily[oldest] 2", 2), {"refusal": "It holds strangers."})

    told = world.run("prune", "web1", "--simulate", "--json").data

    assert told["refusals"] == ["It holds strangers."]
    assert [(one["name"], one["kept"], one["why"]) for one in told["archives"]] == [
        (OLD, False, None),
        (NEW, True, "daily[oldest] 2"),
    ]


def test_what_holds_every_prune_is_said_first(world: CliWorld) -> None:
    damage = Checked(damaged=frozenset({"repository"}), since=NOON, sentence="It is broken.")
    world.journal.set_fact(checked_fact("web1"), damage.to_json())
    world.answer(item(NEW, "daily 1"))

    assert world.run("prune", "web1", "--simulate").out.startswith("! A check or drill of web1 at 2026-11-22 12:00")


def test_without_simulate_the_supervisor_is_asked_for_the_prune(world: CliWorld) -> None:
    def done() -> None:
        (request,) = world.journal.open_requests()
        assert request.operation is Operation.PRUNE
        world.journal.finish(record(run_id="pruned", operation=Operation.PRUNE))
        world.journal.answer(request.request_id, run_id="pruned")

    world.meanwhile = [done]

    assert world.run("prune", "web1").code == 0


def test_an_archive_is_protected_until_it_is_not(world: CliWorld) -> None:
    said = world.run("protect", "web1", "latest")

    assert (said.code, NEW in said.out) == (0, True)
    assert json.loads(world.journal.fact(protected_fact("web1")) or "") == [NEW]
    assert world.run("protect", "web1").out == f"{NEW}\n"
    assert world.run("protect", "web1", "--json").data == {"client": "web1", "archives": [NEW], "patterns": []}

    world.run("protect", "web1", NEW, "--remove")

    assert world.run("protect", "web1").out == "No archive of web1 is protected.\n"


def test_an_archive_that_is_not_there_cannot_be_protected(world: CliWorld) -> None:
    said = world.run("protect", "web1", "web1-2026-11-21T12:00:01")

    assert said.code != 0
    assert f"Did you mean {NEW}" in said.err.replace("'", "").replace('"', "")
