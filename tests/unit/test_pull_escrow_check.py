"""The look into a repository with an escrow's key: what is read back, what counts as proven, and what as gone."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from appliance.plan import places
from appliance.plan.make import plan_run
from appliance.plan.operations import ESCROW_CHECK
from appliance.plan.run_plan import KnownArchive
from appliance.plan.sample import LARGEST_FILE
from appliance.pull import escrow_check, execute
from appliance.pull.failure import Failure
from appliance.pull.voice import Voice
from appliance.record import Reason
from tests.house import NOON, one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FIRST = ("web1-2026-11-01T02:00:00", "2026-11-01T02:00:00")
HUGE = 1 << 40


@dataclass
class ScriptedBorg:
    """Answers like Borg; `files` are sizes by path, `printed` is how many bytes an extract prints before its end."""

    archives: Sequence[tuple[str, str]]
    files: Mapping[str, int]
    printed: int
    code: int = 0
    extracted: tuple[str, ...] = ()

    def run(
        self, argv: Sequence[str], env: Mapping[str, str], *, descriptors: Sequence[int], timeout_seconds: float
    ) -> execute.Finished:
        del env, descriptors, timeout_seconds
        entries = [{"archive": name, "id": name, "start": start} for name, start in self.archives]
        listed = {"repository": {"id": "r"}, "encryption": {"mode": "repokey"}, "archives": entries}
        return execute.Finished(code=0, stdout=json.dumps(listed) if "list" in argv else "", stderr="")

    def start(self, argv: Sequence[str], env: Mapping[str, str], **streams: Any) -> execute.Process:
        del env
        if "extract" in argv:
            self.extracted = tuple(argv[argv.index("extract") + 2 :])
            command = ["sh", "-c", f"head -c {self.printed} /dev/zero; exit {self.code}"]
        else:
            lines = [json.dumps({"type": "-", "path": path, "size": size}) for path, size in self.files.items()]
            command = ["printf", "%s\\n", *lines]
        return subprocess.Popen(command, stdout=streams["stdout"], stderr=streams["stderr"])


@pytest.fixture
def borg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedBorg:
    scripted = ScriptedBorg(archives=(FIRST,), files={"dump.sql": HUGE}, printed=0)
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository/config").write_text("[repository]\nkey = 0123\n\t4567\n", "utf-8")
    (tmp_path / "passphrase").write_text("secret", "utf-8")
    monkeypatch.setattr(execute, "run", scripted.run)
    monkeypatch.setattr(execute, "start", scripted.start)
    monkeypatch.setattr(escrow_check, "_ON_DISK", tmp_path / "repository")
    monkeypatch.setattr(escrow_check, "_VIEW", tmp_path / "view")
    monkeypatch.setattr(escrow_check, "_BASE", tmp_path / "base")
    monkeypatch.setattr(places, "PASSPHRASE", str(tmp_path / "passphrase"))
    return scripted


def check(capsys: pytest.CaptureFixture[str], *known: str) -> dict[str, Any]:
    made = plan_run(one(), ESCROW_CHECK, run_id="look-1", now=NOON, appliance_id="us")
    escrow_check.check(
        replace(made, known=tuple(KnownArchive(name=name, id=name, started="") for name in known)), Voice()
    )
    found: dict[str, Any] = json.loads(capsys.readouterr().out)["value"]
    return found


def test_of_an_archive_of_huge_files_the_beginning_of_the_smallest_is_read(
    borg: ScriptedBorg, capsys: pytest.CaptureFixture[str]
) -> None:
    borg.files = {"disk.qcow2": 2 * HUGE, "dump.sql": HUGE, "empty": 0}
    borg.printed = LARGEST_FILE + (8 << 20)

    found = check(capsys)

    assert borg.extracted[-1] == "pf:dump.sql"
    assert (found["files"], found["read"], found["in_part"], found["bytes"]) == (3, 0, 1, LARGEST_FILE)


@pytest.mark.parametrize(("code", "reason"), [(0, Reason.INTEGRITY), (70, Reason.LOCK)])
def test_a_huge_file_that_ends_too_early_is_no_proof(
    borg: ScriptedBorg, capsys: pytest.CaptureFixture[str], code: int, reason: Reason
) -> None:
    borg.printed, borg.code = 1000, code

    with pytest.raises(Failure) as raised:
        check(capsys)

    assert raised.value.reason is reason


def test_an_archive_in_which_no_file_holds_anything_needs_no_reading(
    borg: ScriptedBorg, capsys: pytest.CaptureFixture[str]
) -> None:
    borg.files = {"empty": 0}

    found = check(capsys)

    assert borg.extracted == ()
    assert (found["files"], found["read"], found["in_part"]) == (1, 0, 0)


def test_imported_archives_of_other_names_are_there_and_the_newest_of_all_is_read(
    borg: ScriptedBorg, capsys: pytest.CaptureFixture[str]
) -> None:
    imported = ("server-monday", "2026-11-02T02:00:00")
    half = ("web1.tmp-run-9", "2026-11-03T02:00:00")
    borg.archives, borg.files, borg.printed = (FIRST, imported, half), {"notes": 10}, 10

    found = check(capsys, FIRST[0], imported[0], "server-sunday")

    assert (found["archives"], found["newest"], found["gone"]) == (2, "server-monday", ["server-sunday"])
    assert borg.extracted[0].endswith("::server-monday")


def test_a_repository_of_temporary_archives_alone_holds_none(
    borg: ScriptedBorg, capsys: pytest.CaptureFixture[str]
) -> None:
    borg.archives = (("web1.tmp-run-9", "2026-11-03T02:00:00"),)

    with pytest.raises(Failure, match="no archive is in it"):
        check(capsys)
