"""The first half of a drill, with a Borg that answers from a script: what was read, and what it proves."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appliance.plan import places
from appliance.plan.events import CheckFindings, ListedArchive, Result
from appliance.plan.make import plan_run
from appliance.plan.run_plan import KnownArchive
from appliance.plan.sample import LARGEST_FILE
from appliance.pull import execute, link, repository
from appliance.pull.drills import spot, story
from appliance.pull.drills.client_files import Here
from appliance.pull.ends import Ends
from appliance.pull.failure import Failure
from appliance.pull.voice import Voice
from appliance.record import Outcome, Reason
from tests.house import NOON, one

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ARCHIVE = ListedArchive(name="web1-2026-11-22T12:00:00", id="a" * 64, started=NOON)
FOLDER = {"type": "d", "mode": "drwxr-xr-x", "size": 0}


def plain(size: int, content: bytes = b"") -> dict[str, Any]:
    return {"type": "-", "mode": "-rw-r--r--", "size": size, "content": content}


@dataclass
class ScriptedBorg:
    """Lists and extracts `members`; an extract onto its standard output prints `printed` bytes; then it says `code`."""

    members: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    printed: int = 0
    code: int = 0
    extracted: list[tuple[str, ...]] = field(default_factory=list)

    def start(
        self, argv: Sequence[str], _env: Mapping[str, str], *, directory: str = "", **streams: Any
    ) -> execute.Process:
        paths = tuple(word.removeprefix("pf:") for word in argv if word.startswith("pf:"))
        command = ["printf", "%s\\n", *self._lines(paths or tuple(self.members))]
        if "extract" in argv:
            self.extracted.append(paths)
            self._make(Path(directory), paths)
            printed = self.printed if "--stdout" in argv else 0
            command = ["sh", "-c", f"head -c {printed} /dev/zero; exit {self.code}"]
        return subprocess.Popen(command, stdout=streams["stdout"], stderr=streams["stderr"])

    def _lines(self, paths: tuple[str, ...]) -> list[str]:
        told = {"source": "", "isomtime": NOON.replace(tzinfo=None).isoformat(timespec="microseconds")}
        return [
            json.dumps(
                {"path": path, **told, **{key: value for key, value in member.items() if key != "content"}}
                | {"sha256": hashlib.sha256(member.get("content", b"")).hexdigest()}
            )
            for path, member in self.members.items()
            if path in paths
        ]

    def _make(self, root: Path, paths: tuple[str, ...]) -> None:
        made = paths if str(root) != "." else ()
        for path in made:
            place = root / path
            if self.members[path]["type"] == "d":
                place.mkdir(mode=0o755)
            else:
                place.write_bytes(self.members[path]["content"])
                place.chmod(0o644)
        for path in made:
            os.utime(root / path, (NOON.timestamp(), NOON.timestamp()))


@pytest.fixture
def borg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedBorg:
    scripted = ScriptedBorg()
    found = repository.Found(repository_id="7", encryption="repokey", archives=(ARCHIVE,), temporary=())
    (tmp_path / "passphrase").write_text("secret", "utf-8")
    monkeypatch.setattr(execute, "start", scripted.start)
    monkeypatch.setattr(repository, "look", lambda _: found)
    monkeypatch.setattr(repository, "break_dead_locks", lambda *_: None)
    monkeypatch.setattr(story, "_CACHE", tmp_path)
    monkeypatch.setattr(places, "PASSPHRASE", str(tmp_path / "passphrase"))
    return scripted


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Ends(control=link.Link(theirs), stdout=-1, stderr=-1, sshfs=-1)


def drilled(ends: Ends) -> Result:
    plan = plan_run(one(), "drill", run_id="run-1", now=NOON, appliance_id="us")
    return story.drill(
        replace(plan, known=(KnownArchive(name=ARCHIVE.name, id=ARCHIVE.id, started=""),)), ends, Voice()
    )


def test_files_that_come_back_as_they_were_are_a_success(borg: ScriptedBorg, ends: Ends) -> None:
    borg.members = {"srv": FOLDER, "srv/note": plain(4, b"note"), "srv/disk": plain(9 * LARGEST_FILE)}

    result = drilled(ends)

    assert (result.outcome, result.reason) == (Outcome.SUCCESS, None)
    assert borg.extracted == [("srv", "srv/note")]
    assert result.message.startswith("2 of 3 members")


def test_of_an_archive_of_huge_files_alone_a_beginning_is_read(borg: ScriptedBorg, ends: Ends) -> None:
    borg.members = {"srv": FOLDER, "srv/dump": plain(2 * LARGEST_FILE)}
    borg.printed = LARGEST_FILE + 1000

    result = drilled(ends)

    assert result.outcome is Outcome.SUCCESS
    assert borg.extracted == [("srv",), ("srv/dump",)]
    assert "the first 64 MiB of srv/dump could be read" in result.message


def test_a_stream_of_one_huge_dump_is_no_drill_that_fails_for_ever(borg: ScriptedBorg, ends: Ends) -> None:
    borg.members = {"dump.sql": plain(2 * LARGEST_FILE)}
    borg.printed = LARGEST_FILE

    assert drilled(ends).outcome is Outcome.SUCCESS
    assert borg.extracted == [("dump.sql",)]


def test_a_huge_file_whose_beginning_does_not_come_back_fails_the_drill(borg: ScriptedBorg, ends: Ends) -> None:
    borg.members = {"dump.sql": plain(2 * LARGEST_FILE)}
    borg.printed = 1000

    result = drilled(ends)

    assert (result.outcome, result.reason) == (Outcome.FAILED, Reason.INTEGRITY)


@pytest.mark.parametrize(
    ("code", "damaged", "filled"), [(0, False, False), (90, True, False), (0, True, True), (70, False, False)]
)
def test_damage_that_a_drill_finds_names_its_archive_as_a_check_does(
    borg: ScriptedBorg,
    ends: Ends,
    code: int,
    *,
    damaged: bool,
    filled: bool,
) -> None:
    borg.members, borg.code = {"note": plain(4, b"note") | ({"healthy": False} if filled else {})}, code

    try:
        result = drilled(ends)
    except Failure as failure:
        result = failure.result()

    assert (result.reason is Reason.INTEGRITY) is damaged
    assert result.check == (CheckFindings(damaged=(ARCHIVE.id,)) if damaged else None)


def test_an_archive_in_which_nothing_holds_anything_proves_nothing_in_either_half(
    borg: ScriptedBorg, ends: Ends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    borg.members = {"srv": FOLDER, "srv/empty": plain(0)}

    first = drilled(ends)

    assert (first.outcome, first.reason) == (Outcome.WARNING, Reason.NOT_FOUND)
    assert "no content was proven" in first.message
    left = tmp_path / places.SAMPLE.name
    monkeypatch.setattr(places, "SAMPLE", left)
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv/empty").touch()
    monkeypatch.setattr(spot, "client_files", lambda *_: nullcontext(Here(tmp_path, lambda: None)))
    second = drilled(ends)
    assert (second.outcome, second.reason) == (Outcome.WARNING, Reason.NOT_FOUND)
    assert second.message.startswith(first.message)
