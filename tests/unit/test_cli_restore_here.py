"""`borgpull restore --way local`: where it may go, what it refuses, and what becomes of a stream."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from appliance.cli.landing import drop_empty, fresh_landing, make_landing
from appliance.cli.stream_out import INCOMPLETE, StreamOut
from appliance.errors import BorgpullError
from appliance.pull.matching import Missing
from tests.cli_world import CliWorld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


# ---- the folder ----


def test_a_new_folder_is_private_and_one_with_nothing_in_it_goes_again(world: CliWorld) -> None:
    place = make_landing(world.surroundings(), "/restored/a/back", resume=False)

    assert place == world.restored / "a" / "back"
    assert place.stat().st_mode & 0o777 == 0o700
    drop_empty(place)
    assert not place.exists()


def test_each_restore_of_an_archive_gets_a_folder_of_its_own(world: CliWorld) -> None:
    (world.restored / "web1-2026-11-23T120000").mkdir()

    assert fresh_landing(world.surroundings(), "web1-2026-11-23T12:00:00") == "/restored/web1-2026-11-23T120000-2"


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("/restored/full", "is not empty"),
        ("/restored/link", "leads through link"),
        ("/restored/link/inside", "leads through link"),
        ("/restored/full/file", "leads through file"),
        ("/restored", "is not below /restored"),
        ("/restored/../etc", "is not below /restored"),
        ("/etc/back", "is not below /restored"),
    ],
)
def test_nothing_is_written_over_or_outside(world: CliWorld, tmp_path: Path, target: str, sentence: str) -> None:
    (world.restored / "full").mkdir()
    (world.restored / "full" / "file").touch()
    (world.restored / "link").symlink_to(tmp_path)

    with pytest.raises(BorgpullError, match=sentence):
        make_landing(world.surroundings(), target, resume=False)


def test_to_go_on_there_must_have_been_a_beginning(world: CliWorld) -> None:
    (world.restored / "full").mkdir()
    (world.restored / "full" / "file").touch()

    assert make_landing(world.surroundings(), "/restored/full", resume=True).is_dir()
    with pytest.raises(BorgpullError, match="no restore into it was cut off"):
        make_landing(world.surroundings(), "/restored/none", resume=True)


# ---- the stream ----


class Pipes:
    """A run's pipe, our output and our input, each with both ends."""

    def __init__(self, tmp_path: Path) -> None:
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        self.pipe = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.fifo = fifo
        self.out, self.output = os.pipe()
        self.input, self.caller = os.pipe()
        self.copying = StreamOut(self.pipe, self.output, self.input)
        self.copying.start()

    def write(self, data: bytes) -> None:
        with self.fifo.open("wb") as writer:
            writer.write(data)

    def read(self) -> bytes:
        os.close(self.output)
        with os.fdopen(self.out, "rb") as out:
            return out.read()


@pytest.fixture
def pipes(tmp_path: Path) -> Iterator[Pipes]:
    made = Pipes(tmp_path)
    yield made
    # Its threads must be gone before their descriptors' numbers are somebody else's.
    made.copying.end(is_whole=True)
    os.close(made.input)


def test_a_whole_stream_comes_out_as_it_went_in(pipes: Pipes) -> None:
    pipes.write(b"x" * 50_000)
    pipes.copying.end(is_whole=True)

    assert pipes.read() == b"x" * 50_000
    os.close(pipes.caller)


def test_one_that_is_not_whole_ends_in_what_no_tar_has(pipes: Pipes) -> None:
    pipes.write(b"x" * 1024)
    pipes.copying.end(is_whole=False)

    found = pipes.read()
    assert found == b"x" * 1024 + INCOMPLETE
    assert len(found) % 512
    os.close(pipes.caller)


def test_a_run_that_never_wrote_ends_the_stream_too(pipes: Pipes) -> None:
    pipes.copying.end(is_whole=False)

    assert pipes.read() == INCOMPLETE
    os.close(pipes.caller)


def test_a_reader_that_is_gone_is_noticed_at_its_pipe(pipes: Pipes) -> None:
    os.close(pipes.out)
    threading.Thread(target=pipes.write, args=(b"x",), daemon=True).start()
    pipes.copying.join(30)

    assert pipes.copying.is_lost
    os.close(pipes.caller)
    os.close(pipes.output)


# ---- paths that are not there ----


def missing(*wanted: str) -> Missing:
    found = Missing(iter(wanted))
    for path in ("etc", "etc/nginx/nginx.conf", "etc/nginx/mime.types", "home/bob/notes", "var/notes"):
        if found.without(path):
            break
    return found


@pytest.mark.parametrize(
    ("wanted", "near"),
    [
        ("etc/ngnix/nginx.conf", ("etc/nginx", "etc/nginx/nginx.conf")),
        ("etc/nginx/nginx.cnf", ("etc/nginx/nginx.conf",)),
        ("notes", ("home/bob/notes", "var/notes")),
        ("etc/nginx", ()),
        ("nothing/like/it", ()),
    ],
)
def test_what_is_near_is_beside_the_first_part_that_is_not_there_or_has_the_same_name(
    wanted: str, near: tuple[str, ...]
) -> None:
    assert missing(wanted).near(wanted) == near


def test_a_folder_is_there_when_something_in_it_is() -> None:
    assert missing("etc/nginx", "home", "no").paths == {"no"}
