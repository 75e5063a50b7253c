"""Finding and comparing in values: patterns, versions folded over archives, changes in words, and whole answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from appliance.ask import ask
from appliance.borg.search import as_pattern
from appliance.cli.diff import change_words
from appliance.errors import EngineError
from appliance.plan.events import Result, write
from appliance.ports import ContainerSpec
from appliance.pull.finding import Versions
from appliance.pull.voice import Voice
from appliance.record import LedgerEntry, Outcome
from tests.cli_world import CliWorld
from tests.fakes import FakeEngine, Script
from tests.house import archive, record, repository

if TYPE_CHECKING:
    from pathlib import Path

SPEC = ContainerSpec(name="q", command=("pull",), labels={}, mounts=(), network="none")


@pytest.mark.parametrize(
    ("typed", "pattern"),
    [
        ("*.jpg", "sh:**/*.jpg"),
        ("fstab", "sh:**/fstab"),
        ("/fstab", "pf:fstab"),
        ("etc/fstab", "pf:etc/fstab"),
        ("/etc/*.conf", "sh:etc/*.conf"),
        ("re:^etc/", "re:^etc/"),
    ],
)
def test_a_name_without_a_slash_is_looked_for_everywhere(typed: str, pattern: str) -> None:
    assert as_pattern(typed) == pattern


def entry(path: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "type": "-", "size": 1, "isomtime": "2026-11-25T00:00:00"} | more


def test_a_file_that_did_not_change_is_one_version() -> None:
    versions = Versions()
    versions.add("a-1", entry("x"))
    versions.add("a-1", entry("y"))
    versions.add("a-2", entry("x"))
    versions.add("a-3", entry("x", size=2))

    told = [(one["path"], one["size"], one["first"], one["last"], one["archives"]) for one in versions.told()]
    assert told == [("x", 2, "a-3", "a-3", 1), ("x", 1, "a-1", "a-2", 2), ("y", 1, "a-1", "a-1", 1)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "modified", "added": 2048, "removed": 3}, "content: 2.0 KiB new, 3 B gone"),
        ({"type": "modified"}, "content"),
        ({"type": "mode", "old_mode": "-rw-r--r--", "new_mode": "-rw-------"}, "mode: -rw-r--r-- to -rw-------"),
        (
            {"type": "owner", "old_user": "a", "old_group": "b", "new_user": "c\x1b", "new_group": "d"},
            "owner: a:b to c\\x1b:d",
        ),
        ({"type": "added", "size": 7}, "7 B"),
        ({"type": "added directory"}, "directory"),
        ({"type": "changed link"}, "changed link"),
    ],
)
def test_a_change_is_said_in_words(change: dict[str, Any], words: str) -> None:
    assert change_words(change) == words


def test_an_answer_of_many_items_is_whole_or_none(capsys: pytest.CaptureFixture[str]) -> None:
    Voice().items(f'{{"n": {number}}}' for number in range(1201))
    told = capsys.readouterr().out.splitlines()
    end = write(Result(outcome=Outcome.SUCCESS, exit_code=0))
    engine = FakeEngine()

    engine.play = lambda _spec: Script(lines=(*told, end), exit_code=0)
    assert [item["n"] for item in ask(engine, SPEC)] == list(range(1201))
    assert len(told) == 3

    engine.play = lambda _spec: Script(lines=(told[0], told[2], end), exit_code=0)
    with pytest.raises(EngineError, match="was lost"):
        list(ask(engine, SPEC))


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    made = CliWorld(tmp_path)
    made.with_repository()
    first, second = archive("web1-2026-11-22T12:00:00", 1), archive("web1-2026-11-23T12:00:00", 2)
    ledger = [LedgerEntry(client="web1", archive=one, run_id="run-1") for one in (first, second)]
    made.journal.finish(replace(record(), archive=first, repository=repository()), ledger)
    return made


def test_find_names_the_archives_of_each_version(world: CliWorld) -> None:
    world.answer(entry("etc/a\x1b", first="web1-1", last="web1-3", archives=3, mode="-rw-r--r--"))

    shown = world.run("find", "web1", "a*")

    assert shown.code == 0
    assert "etc/a\\x1b  (web1-1 to web1-3, 3 archives)" in shown.out
    assert shown.out.splitlines()[-1] == "1 version of 1 path."


def test_nothing_found_is_not_found(world: CliWorld) -> None:
    world.answer()

    assert world.run("find", "web1", "*.nosuch").code == 6
    assert world.run("find", "web1", "re:(").code == 2


def test_two_archives_that_hold_the_same_say_so(world: CliWorld) -> None:
    world.answer()

    shown = world.run("diff", "web1", "web1-2026-11-22T12:00:00", "latest")

    assert (shown.code, shown.out) == (0, "web1-2026-11-22T12:00:00 and web1-2026-11-23T12:00:00 hold the same.\n")


def test_changes_are_counted_at_the_end(world: CliWorld) -> None:
    world.answer(
        {"path": "a", "changes": [{"type": "added", "size": 10}]},
        {"path": "b", "changes": [{"type": "removed", "size": 4}]},
        {"path": "c", "changes": [{"type": "modified", "added": 6, "removed": 1}]},
    )

    shown = world.run("diff", "web1", "web1-2026-11-22T12:00:00", "latest").out.splitlines()

    assert shown[-1] == "1 added, 1 removed, 1 changed; 16 B new, 5 B gone."
