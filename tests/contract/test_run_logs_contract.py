"""What every keeper of logs does: run against the one in memory and the one on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.edges.run_logs import RunLogs
from appliance.errors import StateError
from tests.fakes import FakeLogs

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.run import Logs


@pytest.fixture(params=["memory", "disk"])
def logs(request: pytest.FixtureRequest, tmp_path: Path) -> Logs:
    return FakeLogs() if request.param == "memory" else RunLogs(tmp_path)


def test_what_is_kept_is_read_again(logs: Logs) -> None:
    logs.keep("web1", "run-1", ["one", "two"], newest=10)
    logs.keep("web1", "run-2", [], newest=10)

    assert logs.read("web1", "run-1") == ["one", "two"]
    assert logs.read("web1", "run-2") == []
    assert logs.kept("web1") == ["run-2", "run-1"]


def test_what_was_never_kept_is_none(logs: Logs) -> None:
    assert logs.read("web1", "run-1") is None
    assert logs.kept("web1") == []


def test_kept_again_it_takes_the_place_of_the_first(logs: Logs) -> None:
    logs.keep("web1", "run-1", ["half"], newest=1)
    logs.keep("web1", "run-1", ["half", "whole"], newest=1)

    assert logs.read("web1", "run-1") == ["half", "whole"]
    assert logs.kept("web1") == ["run-1"]


def test_the_oldest_of_a_client_go_and_those_of_others_stay(logs: Logs) -> None:
    logs.keep("db1", "run-0", ["other"], newest=2)
    for number in range(1, 5):
        logs.keep("web1", f"run-{number}", [str(number)], newest=2)

    assert logs.kept("web1") == ["run-4", "run-3"]
    assert logs.read("web1", "run-2") is None
    assert logs.kept("db1") == ["run-0"]


def test_the_log_just_kept_never_goes(logs: Logs) -> None:
    logs.keep("web1", "run-2", ["2"], newest=1)
    logs.keep("web1", "run-1", ["1"], newest=1)

    assert logs.kept("web1") == ["run-1"]


def test_files_are_for_their_user_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "logs" / "web1").mkdir(parents=True)
    (tmp_path / "logs" / "web1" / "run-0.log.new").write_text("a crash left it", encoding="utf-8")

    RunLogs(tmp_path).keep("db1", "run-1", ["one"], newest=2)
    RunLogs(tmp_path).keep("web1", "run-1", ["one"], newest=2)

    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert [path.relative_to(tmp_path).as_posix() for path in files] == ["logs/db1/run-1.log", "logs/web1/run-1.log"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (tmp_path / "logs" / "db1").stat().st_mode & 0o777 == 0o700


def test_a_volume_that_takes_nothing_is_a_sentence_and_keeps_what_was_there(tmp_path: Path) -> None:
    logs = RunLogs(tmp_path)
    logs.keep("web1", "run-1", ["one"], newest=2)
    # No file can be made of this name, whoever asks; a full volume fails at the same place.
    name = "x" * 300

    with pytest.raises(StateError, match="cannot be written: File name too long"):
        logs.keep("web1", name, ["two"], newest=2)
    (tmp_path / "logs" / "db1").write_text("no folder", encoding="utf-8")
    with pytest.raises(StateError, match="cannot be written"):
        logs.keep("db1", "run-1", ["one"], newest=2)

    assert logs.read("web1", "run-1") == ["one"]
    assert [path.name for path in (tmp_path / "logs" / "web1").iterdir()] == ["run-1.log"]


@pytest.mark.parametrize("name", ["../web2", "a/b", ".hidden", "..", ""])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StateError, match="no plain name"):
        RunLogs(tmp_path).read("web1", name)
    with pytest.raises(StateError, match="no plain name"):
        RunLogs(tmp_path).keep(name, "run-1", [], newest=1)
