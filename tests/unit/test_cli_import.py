"""`borgpull import`: what it looks at, what it writes down, and when it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from appliance.record import Operation, Outcome
from tests.cli_world import CliWorld

if TYPE_CHECKING:
    from pathlib import Path

ID = f"{7:064x}"
WHOLE = {"repository_id": ID, "encryption": "repokey-blake2", "disk_size": 2048, "archives": 2}
OLD: dict[str, Any] = {"name": "laptop-2020", "id": f"{1:064x}", "started": "2020-01-01T12:00:00+00:00"}
NEW: dict[str, Any] = {"name": "web1-2026-11-01T12:00:00", "id": f"{2:064x}", "started": "2026-11-01T12:00:00+00:00"}


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    made = CliWorld(tmp_path)
    made.with_repository()
    passphrase = made.config / "secrets" / "web1" / "passphrase"
    passphrase.parent.mkdir(parents=True)
    passphrase.write_text("old\n", "utf-8")
    made.answer(WHOLE, NEW, OLD)
    return made


def test_its_id_is_pinned_and_its_archives_stand_in_the_ledger(world: CliWorld) -> None:
    shown = world.run("import", "web1", "--yes")

    assert shown.code == 0, shown.err
    known = world.journal.repository("web1")
    assert known is not None
    assert known.repository_id == ID
    assert [entry.archive.name for entry in world.journal.archives("web1")] == [OLD["name"], NEW["name"]]
    (run,) = world.journal.history("web1")
    assert (run.operation, run.outcome) == (Operation.ACCEPT, Outcome.SUCCESS)
    assert "2 archives" in run.message
    assert (world.repositories / ".borgpull-volume").read_text("utf-8").strip() == world.journal.fact("appliance_id")
    assert "1 archive of these are not called web1-…" in shown.out


def test_it_is_opened_read_only_without_cache_and_without_network(world: CliWorld) -> None:
    world.run("import", "web1", "--dry-run")

    (spec,) = world.engine.started
    assert spec.network == "none"
    assert {mount.target for mount in spec.mounts} == {
        "/.borgpull/plan.json", "/.borgpull/passphrase", "/.borgpull/repository",
    }  # fmt: skip
    assert all(mount.read_only for mount in spec.mounts)


def test_a_dry_run_and_a_no_leave_everything_as_it_was(world: CliWorld) -> None:
    told = world.run("import", "web1", "--dry-run", "--json")
    assert [one["name"] for one in told.data["archives"]] == [OLD["name"], NEW["name"]]
    assert world.run("import", "web1", typed="n\n").code == 130

    assert world.journal.repository("web1") is None
    assert world.journal.history("web1") == []
    assert not (world.repositories / ".borgpull-volume").exists()


def test_what_is_known_already_is_not_adopted_again(world: CliWorld) -> None:
    assert world.run("import", "web1", "--yes").code == 0

    again = world.run("import", "web1", "--yes")

    assert again.code != 0
    assert "has its repository already" in again.err


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("repository", "there is no Borg repository in /repos/web1"),
        ("passphrase", "write it into /config/secrets/web1"),
    ],
)
def test_what_is_not_there_is_named(world: CliWorld, missing: str, sentence: str) -> None:
    if missing == "repository":
        (world.repositories / "web1" / "config").unlink()
    else:
        (world.config / "secrets" / "web1" / "passphrase").unlink()

    shown = world.run("import", "web1", "--yes")

    assert shown.code == 6
    assert sentence in " ".join(shown.err.split())
    assert world.engine.started == []


def test_a_part_of_an_answer_is_no_answer(world: CliWorld) -> None:
    world.answer(WHOLE, NEW)

    assert "a part of the answer was lost" in world.run("import", "web1", "--yes").err
    assert world.journal.repository("web1") is None


def test_json_never_asks(world: CliWorld) -> None:
    assert world.run("import", "web1", "--json").code == 2


def test_the_volume_of_another_appliance_is_left_alone(world: CliWorld) -> None:
    (world.repositories / ".borgpull-volume").write_text("somebody-else\n", "utf-8")

    shown = world.run("import", "web1", "--yes")

    assert shown.code != 0
    assert "belongs to another appliance" in " ".join(shown.err.split())
