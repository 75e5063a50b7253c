"""What it takes to look into an archive of a million files, against `borg list` by hand in the same image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.bare import BareBorg
from bench.compare import Timings, pair_name
from bench.memory import Taken, Watch, take
from bench.way import NotTheSameWorkError
from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.harness.appliance import ApplianceUnderTest

OURS, BY_HAND = "borgpull", "by hand"
_CLIENT = "million"
_FILES_IN_A_FOLDER = 1000
_RUN_SECONDS = 3600.0
# Empty, since what is looked at is the list of files and not what is in them.
_MAKE = """
import os, sys
files, each = int(sys.argv[1]), int(sys.argv[2])
for folder in range(files // each):
    os.mkdir(f"/here/folder-{folder:04d}")
    for number in range(folder * each, (folder + 1) * each):
        os.close(os.open(f"/here/folder-{folder:04d}/file-{number:07d}", os.O_CREAT | os.O_WRONLY, 0o644))
"""
_LIST = 'exec borg --bypass-lock list "/repos/$CLIENT::$ARCHIVE" "$@"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question to the archive: words of `borgpull`, and the paths that `borg list` is given for the same.

    `summary` is the number of lines in our answer that are not about a file.
    """

    what: str
    ours: tuple[str, ...]
    by_hand: tuple[str, ...] = ()
    summary: int = 0


@dataclass(slots=True)
class Million:
    """Seconds by question and way, one number a pair; memory in bytes, the most of all pairs. `run` is the backup."""

    files: int
    run: Taken
    run_container_bytes: int
    timings: Timings = field(default_factory=Timings)
    lines: dict[str, int] = field(default_factory=dict)
    resident_bytes: dict[str, dict[str, int]] = field(default_factory=dict)
    container_bytes: dict[str, int] = field(default_factory=dict)

    def add(self, question: Question, way: str, taken: Taken, container_bytes: int = 0) -> None:
        """Keep one measurement; raises NotTheSameWorkError when the two ways gave different answers."""
        lines = taken.lines - (question.summary if way == OURS else 0)
        if self.lines.setdefault(question.what, lines) != lines:
            raise NotTheSameWorkError(f"{question.what}: {lines} lines {way}, but {self.lines[question.what]} before")
        self.timings.seconds.setdefault(question.what, {})
        self.timings.add(question.what, way, taken.seconds)
        resident = self.resident_bytes.setdefault(question.what, {})
        resident[way] = max(taken.resident_bytes, resident.get(way, 0))
        self.container_bytes[question.what] = max(container_bytes, self.container_bytes.get(question.what, 0))


def questions(files: int) -> tuple[Question, ...]:
    """Ask for everything, one folder, one file by its name, and a tenth of all files by their names."""
    dry_run = ("restore", _CLIENT, "latest", "--dry-run", "--json")
    last, folder = f"file-{files - 1:07d}", f"folder-{files // _FILES_IN_A_FOLDER // 2:04d}"
    return (
        Question(what="files, all", ours=("files", _CLIENT, "latest")),
        Question(what="files, one folder", ours=("files", _CLIENT, "latest", folder), by_hand=(folder,)),
        Question(what="find, one file", ours=("find", _CLIENT, last), by_hand=(f"sh:**/{last}",), summary=1),
        Question(what="find, a tenth", ours=("find", _CLIENT, "file-*7"), by_hand=("sh:**/file-*7",), summary=1),
        Question(what="restore --dry-run", ours=dry_run, summary=3),
    )


def measure(appliance: ApplianceUnderTest, files: int, pairs: int, say: Callable[[str], None]) -> Million:
    """Make the tree and its archive, then ask every question both ways, every other pair in the opposite order."""
    found = _archived(appliance, files, say)
    bare = BareBorg(appliance, appliance.lab.volume(appliance.lab.name("out")))
    (archive,) = appliance.archives(_CLIENT)
    list_it = f"CLIENT={_CLIENT} ARCHIVE={archive}; {_LIST}"
    for number in range(pairs):
        for question in questions(files):
            for way in (OURS, BY_HAND) if number % 2 == 0 else (BY_HAND, OURS):
                with Watch(appliance, _CLIENT) as watch:
                    taken = (
                        _ours(appliance, *question.ours)
                        if way == OURS
                        else bare.take(_CLIENT, list_it, "list", *question.by_hand)
                    )
                found.add(question, way, taken, watch.resident_bytes)
                held = f"{taken.resident_bytes / 1e6:.0f} MB, container {watch.resident_bytes / 1e6:.0f} MB"
                say(f"{pair_name(number)} {question.what:18} {way:9} {taken.seconds:7.2f} s, {held}")
    if found.lines["files, all"] < files:
        raise NotTheSameWorkError(f"the archive has {found.lines['files, all']} entries, not {files}")
    return found


def _archived(appliance: ApplianceUnderTest, files: int, say: Callable[[str], None]) -> Million:
    """Lay the files out in a volume, and back it up by method `mount`."""
    volume = appliance.lab.volume(appliance.lab.name("million"))
    docker(
        "run", "--rm", "--interactive", "--label", appliance.lab.label, "--network", "none",
        "--volume", f"{volume}:/here", "borgpull-lab:trixie", "python3", "-", str(files), str(_FILES_IN_A_FOLDER),
        stdin=_MAKE, within=_RUN_SECONDS,
    )  # fmt: skip
    say(f"{files} empty files are there")
    appliance.borgpull("client", "add", _CLIENT, "--volume", volume)
    with Watch(appliance, _CLIENT) as watch:
        run = _ours(appliance, "run", _CLIENT)
    say(f"archived in {run.seconds:.2f} s")
    return Million(files=files, run=run, run_container_bytes=watch.resident_bytes)


def _ours(appliance: ApplianceUnderTest, *words: str) -> Taken:
    return take(appliance.supervisor, "/restored/printed", "borgpull", *words)
