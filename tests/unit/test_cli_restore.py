"""`borgpull restore`: what it says before, what it asks of the supervisor, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.plan.restores import choose_way, refusal
from appliance.record import LedgerEntry, Operation, Outcome, Request, RunRecord, Way
from tests.cli_world import CliWorld
from tests.clients import client_of
from tests.house import archive, mounted, one, record, repository

if TYPE_CHECKING:
    from pathlib import Path

NEWEST = archive("web1-2026-11-23T12:00:00", 2)
THERE = {"path": "etc/passwd", "exists": True, "kind": "-"}
TOTALS = {"members": 2, "exist": 1, "size": 1536}


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    made = CliWorld(tmp_path)
    made.with_repository()
    # Whatever is asked for is in the archive.
    made.answer()
    run = replace(record(), archive=NEWEST, repository=repository())
    made.journal.finish(run, [LedgerEntry(client="web1", archive=NEWEST, run_id="run-1")])
    return made


def restored(world: CliWorld, *words: str, typed: str = "") -> tuple[int, str, Request | None]:
    """Run the command with a supervisor that restores at once; return code, all that was said, and the request."""
    asked: list[Request] = []

    def act() -> None:
        (request,) = world.journal.open_requests()
        asked.append(request)
        run = RunRecord(
            run_id="restore-1",
            client="web1",
            operation=request.operation,
            trigger=record().trigger,
            method="sshfs",
            started=world.clock.now(),
            restore=request.restore,
        )
        world.journal.begin(run)
        world.journal.answer(request.request_id, run_id="restore-1")
        world.journal.finish(
            replace(run, finished=world.clock.now(), outcome=Outcome.SUCCESS, message="2 files and folders are back.")
        )

    world.meanwhile = [act]
    shown = world.run("restore", "web1", "latest", *words, typed=typed)
    return shown.code, shown.out + shown.err, asked[0] if asked else None


def test_everything_goes_by_number_into_a_new_folder_of_its_own(world: CliWorld) -> None:
    code, said, request = restored(world)

    assert code == 0
    assert request is not None
    assert request.restore is not None
    assert request.operation is Operation.RESTORE
    order = request.restore
    assert (order.archive, order.way, order.paths, order.in_place) == (NEWEST.name, Way.NUMERIC, (), False)
    assert order.target == f"/borgpull-restore-web1-{world.clock.now():%Y%m%dT%H%M%S}"
    assert "the archive's own numbers fit" in said
    assert "fifos and devices are not restored" in said
    assert "2 files and folders are back." in said
    assert "web1" in world.keys.restoring


def test_a_part_goes_by_the_names_of_the_machine(world: CliWorld) -> None:
    _, said, request = restored(world, "/etc/nginx", "sh:home/*/x", "--to", "/srv/back")

    assert request is not None
    assert request.restore is not None
    assert (request.restore.way, request.restore.paths) == (Way.CHROOT, ("etc/nginx", "sh:home/*/x"))
    assert request.restore.target == "/srv/back"
    assert "a name that the client does not know keeps the archive's number" in said


def test_in_place_shows_what_is_written_over_and_asks(world: CliWorld) -> None:
    world.answer(THERE, {"path": "etc/new", "exists": False, "kind": "-"}, TOTALS)

    code, said, request = restored(world, "etc", "--in-place", typed="n\n")
    assert (code, request) == (130, None)
    assert "over etc/passwd" in said
    assert "etc/new" not in said
    assert "1 of them are written over what is there" in said

    code, _, request = restored(world, "etc", "--in-place", typed="y\n")
    assert code == 0
    assert request is not None
    assert request.restore is not None
    assert (request.restore.target, request.restore.in_place) == ("", True)

    code, said, request = restored(world, "etc", "--in-place", "--yes")
    assert code == 0
    assert "over etc/passwd" not in said


def test_a_dry_run_only_looks(world: CliWorld) -> None:
    world.answer(THERE, TOTALS)

    code, said, request = restored(world, "--dry-run", "--json", "--in-place")

    assert (code, request) == (0, None)
    assert '"exists": true' in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--to", "back"), "no absolute path"),
        (("--to", "/"), "--in-place"),
        (("--resume",), "--resume needs the --to"),
        (("--way", "local", "--in-place"), "--in-place is for the machine"),
        (("--way", "local", "--resume"), "--resume needs the --to"),
        (("--format", "tar", "--to", "/restored/x"), "knows neither --to nor"),
        (("--format", "tar", "--json"), "no JSON can go there"),
        (("--format", "zip", "--way", "numeric"), "is for --way local"),
        (("re:[",), "is no regular expression"),
        (("../etc",), "has a `..`"),
        (("/",), "name no path"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    world: CliWorld, words: tuple[str, ...], sentence: str
) -> None:
    code, said, request = restored(world, *words)

    assert (code, request) == (2, None)
    assert sentence in " ".join(said.split())


def test_an_archive_that_is_not_there_is_answered_with_the_nearest(world: CliWorld) -> None:
    world.answer({"name": NEWEST.name, "id": NEWEST.id, "started": NEWEST.started.isoformat()})

    shown = world.run("restore", "web1", NEWEST.name[:-1])

    assert shown.code != 0
    assert NEWEST.name in shown.err


def test_a_path_that_is_not_there_is_answered_with_the_nearest(world: CliWorld) -> None:
    world.answer({"path": "etc/ngnix", "found": False, "near": ["etc/nginx"]})
    code, said, request = restored(world, "etc/ngnix")
    assert (code, request) == (6, None)
    assert "Did you mean 'etc/nginx'?" in said

    world.answer({"path": "*.conf", "found": False, "near": []})
    assert "Then write 'sh:*.conf'" in restored(world, "*.conf")[1]


def test_way_local_goes_into_a_folder_of_this_server_and_needs_no_key(world: CliWorld) -> None:
    code, said, request = restored(world, "--way", "local")

    assert code == 0
    assert request is not None
    assert request.restore is not None
    assert (request.restore.way, request.restore.target) == (Way.LOCAL, "/restored/web1-2026-11-23T120000")
    assert "everything belongs to user 1000 of this server" in said
    assert world.keys.restoring == {}
    # Nothing came, so nothing stays.
    assert list(world.restored.iterdir()) == []


def test_a_folder_of_this_host_is_not_restored_onto(world: CliWorld) -> None:
    shown = world.run("restore", "media", "latest", "--way", "numeric")

    assert shown.code == 2
    assert "nothing is restored onto it from here" in " ".join(shown.err.split())


def test_the_way_is_the_pages_unless_it_is_said() -> None:
    assert choose_way(one(), None, is_part=True).way is Way.CHROOT
    assert choose_way(one(), None, is_part=False).way is Way.NUMERIC
    assert choose_way(one(), Way.NUMERIC, is_part=True).reason == "asked for"
    assert choose_way(one(), None, is_part=True, form="tar").way is Way.LOCAL
    assert choose_way(mounted(), None, is_part=False).way is Way.LOCAL
    assert choose_way(client_of("socat"), None, is_part=True).way is Way.CLIENT
    assert choose_way(client_of("socat"), None, is_part=False).losses == ()


def test_a_client_without_a_channel_has_no_way_for_a_borg_there() -> None:
    assert "no Borg there knows a way to its repository" in refusal(client_of("sshfs"), Way.CLIENT)
    assert refusal(client_of("ssh-agent"), Way.CLIENT) == ""
