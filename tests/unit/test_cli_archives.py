from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from appliance.record import LedgerEntry, Reason
from tests.cli_world import CliWorld
from tests.house import archive, record, repository

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.record import ArchiveStats

FIRST = archive("web1-2026-11-22T12:00:00", 1)
SECOND = archive("web1-2026-11-23T12:00:00", 2)
PASSWD = {"type": "-", "mode": "-rw-r--r--", "user": "root", "group": "root", "size": 1536, "path": "etc/passwd"}


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    made = CliWorld(tmp_path)
    made.with_repository()
    run = replace(record(), archive=FIRST, repository=repository())
    ledger = [LedgerEntry(client="web1", archive=one, run_id="run-1") for one in (FIRST, SECOND)]
    made.journal.finish(run, ledger)
    return made


def listed(one: ArchiveStats) -> dict[str, Any]:
    return {"name": one.name, "id": one.id, "started": one.started.isoformat()}


def test_what_is_in_repository_and_ledger_is_fine(world: CliWorld) -> None:
    world.answer(listed(FIRST), listed(SECOND))

    shown = world.run("archives", "web1", "--json")

    assert shown.code == 0
    assert [one["name"] for one in shown.data] == [FIRST.name, SECOND.name]
    assert all(one["in_repository"] and one["in_ledger"] for one in shown.data)
    assert shown.data[0]["files"] == 100


def test_an_archive_missing_from_the_repository_is_loud_and_fails(world: CliWorld) -> None:
    world.answer(listed(FIRST))

    shown = world.run("archives", "web1")

    assert shown.code == 3
    assert "! 1 archive is in the ledger and MISSING from the repository." in shown.out
    assert [line for line in shown.out.splitlines() if SECOND.name in line and "MISSING" in line]


def test_another_archive_under_a_known_name_does_not_replace_it(world: CliWorld) -> None:
    world.answer(listed(FIRST), listed(replace(SECOND, id="f" * 64)))

    shown = world.run("archives", "web1")

    assert shown.code == 3
    assert "not in the ledger" in shown.out


def test_an_empty_repository_is_no_trouble_for_a_client_that_never_ran(world: CliWorld) -> None:
    shown = world.run("archives", "media")

    assert (shown.code, shown.out) == (0, "No archives yet. `borgpull run NAME` makes the first one.\n")
    assert not world.engine.started


def test_an_archive_dated_ahead_is_not_the_latest_for_years(world: CliWorld) -> None:
    ahead = replace(archive("web1-2900-01-01T00:00:00", 3), started=FIRST.started.replace(year=2900))
    world.journal.finish(record(run_id="run-2"), [LedgerEntry(client="web1", archive=ahead, run_id="run-2")])
    world.answer()

    absent = world.run("files", "web1", "latest", "/nosuch")
    protected = world.run("protect", "web1", "latest")
    world.run("alarms", "--accept-change", "web1")

    assert SECOND.name in absent.err
    assert SECOND.name in protected.out
    assert world.journal.fact("change_accepted:web1") == f"{SECOND.started.isoformat()} {ahead.id}"


def test_files_of_the_latest_archive_are_listed_below_a_path(world: CliWorld) -> None:
    world.answer(PASSWD)

    shown = world.run("files", "web1", "latest", "/etc/")

    (spec,) = world.engine.started
    assert shown.out.split() == ["-rw-r--r--", "root", "root", "1.5", "KiB", "etc/passwd"]
    assert spec.network == "none"
    assert spec.name.startswith("borgpull-web1-files-")


def test_files_as_json_are_one_list(world: CliWorld) -> None:
    world.answer(PASSWD, {**PASSWD, "path": "etc/\udcff\x1b[2J"})

    shown = world.run("files", "web1", FIRST.name, "--json")

    assert [one["path"] for one in shown.data] == ["etc/passwd", "etc/\udcff\x1b[2J"]
    assert "\x1b" not in shown.out


def test_a_file_name_cannot_disturb_the_terminal(world: CliWorld) -> None:
    world.answer({**PASSWD, "path": "a\x1b[2J\n\udcff"})

    assert world.run("files", "web1", "latest").out.endswith(" a\\x1b[2J\\x0a\\xff\n")


def test_a_path_that_the_archive_does_not_hold_is_not_found(world: CliWorld) -> None:
    world.answer()

    shown = world.run("files", "web1", "latest", "/nosuch")

    assert shown.code == 6
    assert "'nosuch'" in shown.err


def test_an_unknown_archive_is_not_found_and_the_nearest_is_offered(world: CliWorld) -> None:
    world.answer(listed(FIRST))

    shown = world.run("files", "web1", "web1-2026-11-22T12:00:01")

    assert shown.code == 6
    assert f"'{FIRST.name}'" in shown.err


def test_a_client_without_archives_has_no_latest(world: CliWorld) -> None:
    assert world.run("files", "media", "latest").code == 6


def test_a_question_that_fails_says_why_and_leaves_nothing(world: CliWorld) -> None:
    world.answer(reason=Reason.PASSPHRASE, message="The passphrase is wrong.")

    shown = world.run("archives", "web1")

    assert (shown.code, shown.err) == (3, "borgpull: The passphrase is wrong.\n")
    assert not world.engine.ours("the-appliance")


def test_an_engine_that_is_down_has_its_exit_code(world: CliWorld) -> None:
    world.engine.outage = "cannot reach the container engine"

    assert world.run("archives", "web1").code == 7


def test_an_exported_key_goes_to_standard_output_alone_and_is_remembered(world: CliWorld) -> None:
    world.answer({"line": "BORG_KEY 0123"}, {"line": "hqlhbGdv"})

    shown = world.run("key", "export", "web1", "--format", "plain")

    assert shown.out == "BORG_KEY 0123\nhqlhbGdv\n"
    assert "/config/secrets/web1/passphrase" in shown.err
    assert world.journal.fact("key_exported:web1") == world.clock.now().isoformat()


def test_a_client_without_a_repository_has_no_key(world: CliWorld) -> None:
    assert world.run("key", "export", "media").code == 6
    assert world.journal.fact("key_exported:media") is None


def test_what_our_own_interrupted_prune_deleted_is_not_missing(world: CliWorld) -> None:
    world.answer(listed(SECOND), {"pruned": [FIRST.id]})

    shown = world.run("archives", "web1", "--json")

    assert shown.code == 0
    assert [one["name"] for one in shown.data] == [SECOND.name]
