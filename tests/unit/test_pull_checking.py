"""One check run: what Borg is asked, what its answers mean, and that no trouble passes for damage or for a good end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from appliance.plan import places
from appliance.plan.make import plan_run
from appliance.plan.run_plan import KnownArchive, PlannedCheck
from appliance.pull import checking, execute, repository
from appliance.pull.failure import Failure
from appliance.pull.voice import Voice
from appliance.record import Outcome, Reason
from tests.house import NOON, one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from appliance.plan.events import Result
    from appliance.plan.run_plan import RunPlan

A, B, C, D = (f"web1-2026-11-{day:02}T02:00:00" for day in (4, 3, 2, 1))
WHOLE = PlannedCheck(repository="whole", budget=0, archives=(A, B, C))
SUMS = ("total_size", "total_csize", "unique_csize", "total_chunks", "total_unique_chunks")
MAC = "borg.crypto.low_level.IntegrityError: MAC Authentication failed"


def archive_id(name: str) -> str:
    return name[8:10] * 32


@dataclass
class ScriptedBorg:
    """Answers like Borg; `ends` are exit code and complaint, by what is read: "files" or an archive."""

    archives: Sequence[str] = (C, B, A)
    ends: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    seconds_each: float = 0.0
    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now

    def run(
        self, argv: Sequence[str], env: Mapping[str, str], *, descriptors: Sequence[int], timeout_seconds: float
    ) -> execute.Finished:
        assert env["BORG_PASSPHRASE_FD"] == str(descriptors[0])
        verb, *rest = (word for word in argv[1:] if word not in ("--lock-wait", "60", "--log-json", "--umask", "0077"))
        if verb == "list":
            entries = [{"archive": name, "id": archive_id(name), "start": name[5:]} for name in self.archives]
            return self._said({"repository": {"id": "r"}, "encryption": {"mode": "repokey"}, "archives": entries})
        if verb == "info":
            return self._said({"cache": {"stats": dict.fromkeys(SUMS, 7)}})
        self.now += self.seconds_each
        self.asked.append((verb, *rest))
        self.limits.append(timeout_seconds)
        code, complaint = self.ends.get("files" if verb == "check" else rest[-1].partition("::")[2], (0, ""))
        line = json.dumps({"type": "log_message", "levelname": "ERROR", "message": complaint})
        return execute.Finished(code=code, stdout="", stderr=line if complaint else "")

    def read(self) -> list[str]:
        return [words[-1].partition("::")[2] for words in self.asked if words[0] == "extract"]

    @staticmethod
    def _said(answer: object) -> execute.Finished:
        return execute.Finished(code=0, stdout=json.dumps(answer), stderr="")


@pytest.fixture
def borg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedBorg:
    scripted = ScriptedBorg()
    (tmp_path / "config").write_text("[repository]\n", "utf-8")
    (tmp_path / "passphrase").write_text("secret", "utf-8")
    monkeypatch.setattr(execute, "run", scripted.run)
    monkeypatch.setattr(checking, "time", scripted)
    monkeypatch.setattr(checking, "_CONFIG", tmp_path / "config")
    monkeypatch.setattr(repository, "_ROOT", tmp_path)
    monkeypatch.setattr(repository, "_CACHE", tmp_path / "cache")
    monkeypatch.setattr(places, "PASSPHRASE", str(tmp_path / "passphrase"))
    return scripted


def plan(order: PlannedCheck | None = WHOLE, known: Sequence[str] = (C, B, A)) -> RunPlan:
    made = plan_run(one(), "check", run_id="run-1", now=NOON, appliance_id="us")
    ledger = tuple(KnownArchive(name=name, id=archive_id(name), started=f"{name[5:]}+00:00") for name in known)
    return replace(made, check=order, known=ledger)


def checked(order: PlannedCheck | None = WHOLE) -> Result:
    return checking.check(plan(order), Voice())


def ids(*names: str) -> tuple[str, ...]:
    return tuple(map(archive_id, names))


def test_the_files_are_read_first_and_then_each_archive_in_the_order_of_the_plan(borg: ScriptedBorg) -> None:
    result = checked()

    assert borg.asked[0] == ("check", "--repository-only", str(places.REPOSITORY))
    assert borg.read() == [A, B, C]
    assert all("--dry-run" in words for words in borg.asked[1:])
    assert (result.outcome, result.reason) == (Outcome.SUCCESS, None)
    assert result.message == ("All files of the repository are whole; every piece of 3 archives was read and is right.")
    assert result.check is not None
    assert (result.check.repository, result.check.verified, result.check.damaged) == ("whole", ids(A, B, C), ())
    # What a client may have deleted since its last good run can still be rolled back.
    assert result.repository is not None
    assert (result.repository.transaction, result.repository.segments) == (None, None)


def test_a_plan_that_says_nothing_means_all_files(borg: ScriptedBorg) -> None:
    assert checked(None).message == "All files of the repository are whole."
    assert len(borg.asked) == 1


def test_a_look_in_parts_gets_the_budget_and_says_that_it_goes_on(borg: ScriptedBorg, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[repository]\nlast_segment_checked = 17\n", "utf-8")

    result = checked(PlannedCheck(repository="part", budget=90, archives=()))

    assert borg.asked[0][:4] == ("check", "--repository-only", "--max-duration", "90")
    assert result.message == "The files of the repository are whole so far."
    assert result.check is not None
    assert result.check.repository == "part"


@pytest.mark.usefixtures("borg")
def test_the_part_that_comes_to_the_end_makes_it_whole() -> None:
    result = checked(PlannedCheck(repository="part", budget=90, archives=()))

    assert result.check is not None
    assert result.check.repository == "whole"


def test_archives_are_read_while_there_is_time_and_one_at_least(borg: ScriptedBorg) -> None:
    borg.seconds_each = 100

    result = checked(PlannedCheck(repository="", budget=60, archives=(A, B, C)))

    assert borg.read() == [A]
    assert result.message == "Every piece of 1 archive was read and is right; 2 more are read another night."
    assert result.check is not None
    assert (result.check.repository, result.check.verified) == ("", ids(A))


def test_without_a_budget_all_are_read_and_each_gets_what_is_left_of_the_time_limit(borg: ScriptedBorg) -> None:
    borg.seconds_each = 1000

    checking.check(replace(plan(), timeout=2500), Voice())

    assert borg.read() == [A, B, C]
    assert borg.limits == [2500, 1500, 500, 1]


def test_an_archive_that_went_since_the_plan_was_made_is_passed_over(borg: ScriptedBorg) -> None:
    result = checked(PlannedCheck(repository="", budget=0, archives=(A, D)))

    assert borg.read() == [A]
    assert result.outcome is Outcome.SUCCESS


@pytest.mark.usefixtures("borg")
def test_where_nothing_is_due_nothing_is_said_to_be_whole() -> None:
    assert checked(PlannedCheck(repository="", budget=60, archives=())).message == "Nothing was due to be read."


@pytest.mark.parametrize("code", [1, 95, 101])
def test_damaged_files_are_damage_and_the_archives_are_read_all_the_same(borg: ScriptedBorg, code: int) -> None:
    borg.ends = {"files": (code, "Segment entry checksum mismatch")}

    result = checked()

    assert borg.read() == [A, B, C]
    assert (result.outcome, result.reason) == (Outcome.FAILED, Reason.INTEGRITY)
    assert result.message.startswith(
        "Damaged in the repository of web1: files of the repository (Borg says: Segment entry checksum mismatch)."
    )
    assert "copy the repository before any repair" in result.message
    assert result.check is not None
    assert (result.check.repository, result.check.verified, result.check.damaged) == ("damaged", ids(A, B, C), ())


def test_a_damaged_archive_is_named_and_those_behind_it_are_read(borg: ScriptedBorg) -> None:
    borg.ends = {B: (1, "chunk missing")}

    result = checked()

    assert borg.read() == [A, B, C]
    assert f"web1: {B} (Borg says: chunk missing)" in result.message
    assert result.check is not None
    assert (result.check.repository, result.check.verified, result.check.damaged) == ("whole", ids(A, C), ids(B))


def test_a_borg_that_crashes_of_a_wrong_mac_has_found_damage(borg: ScriptedBorg) -> None:
    borg.ends = {A: (2, MAC)}

    result = checked()

    assert (result.reason, borg.read()) == (Reason.INTEGRITY, [A, B, C])


def test_three_are_named_and_the_rest_is_counted(borg: ScriptedBorg) -> None:
    borg.archives = (D, C, B, A)
    borg.ends = dict.fromkeys((A, B, C, D), (1, "damaged"))

    result = checked(PlannedCheck(repository="", budget=0, archives=(A, B, C, D)))

    assert f"{A}, {B}, {C} and 1 more (Borg says: damaged)" in result.message


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ((73, "Failed to create/acquire the lock"), Reason.LOCK),
        ((-9, ""), Reason.KILLED),
        ((2, "OSError: [Errno 28] No space left on device"), Reason.NO_SPACE),
    ],
)
@pytest.mark.parametrize("where", ["files", B])
def test_what_kept_borg_from_reading_is_no_damage_and_no_good_end(
    borg: ScriptedBorg, where: str, end: tuple[int, str], reason: Reason
) -> None:
    borg.ends = {where: end}

    with pytest.raises(Failure) as failed:
        checked()

    assert failed.value.reason is reason


def test_damage_that_was_found_is_told_though_the_rest_could_not_be_read(borg: ScriptedBorg) -> None:
    borg.ends = {A: (1, "chunk missing"), B: (73, "Failed to create/acquire the lock")}

    result = checked()

    assert (result.outcome, result.reason) == (Outcome.FAILED, Reason.INTEGRITY)
    assert A in result.message
    assert "(Borg says: chunk missing) (" in result.message
    assert result.check is not None
    assert (result.check.verified, result.check.damaged) == ((), ids(A))


def test_an_archive_that_the_ledger_misses_ends_the_check_before_any_is_read(borg: ScriptedBorg) -> None:
    borg.archives = (C, A)

    with pytest.raises(Failure) as failed:
        checked()

    assert failed.value.reason is Reason.TAMPERING
    assert borg.read() == []


def test_without_a_repository_nothing_is_asked(borg: ScriptedBorg, tmp_path: Path) -> None:
    (tmp_path / "config").unlink()

    with pytest.raises(Failure) as failed:
        checked()

    assert failed.value.reason is Reason.REPOSITORY_MISSING
    assert borg.asked == []
