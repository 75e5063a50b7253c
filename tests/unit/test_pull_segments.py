"""The files of a repository: how it stands, what is newer, and taking that out of Borg's sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.plan.run_plan import GoodPoint
from appliance.pull.segments import Standing, lost_since, move_aside, newer_than, standing

if TYPE_CHECKING:
    from pathlib import Path

POINT = GoodPoint(transaction=1001, segments=4)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose last good transaction is 1001, and in which somebody has written until 1004 since."""
    for number in (3, 5, 999, 1001, 1002, 1004):
        file = tmp_path / "data" / str(number // 1000) / str(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * number)
    for name in ("config", "nonce", "README", "index.1004", "hints.1004", "integrity.1004"):
        (tmp_path / name).write_text(name)
    return tmp_path


def _left(root: Path) -> list[str]:
    return sorted(
        file.name for place in ("", "data/0", "data/1") for file in (root / place).iterdir() if file.is_file()
    )


def test_the_standing_is_the_last_transaction_and_how_many_segments_lead_to_it(repository: Path) -> None:
    assert standing(repository) == Standing(transaction=1004, segments=6)
    (repository / "index.1004").unlink()
    assert standing(repository) is None


def test_what_is_newer_is_told_newest_first(repository: Path) -> None:
    assert [(segment.number, segment.size) for segment in newer_than(POINT, repository)] == [(1004, 1004), (1002, 1002)]


def test_a_compact_since_the_good_run_shows(repository: Path) -> None:
    assert lost_since(POINT, repository) == 0
    (repository / "data/0/5").unlink()
    assert lost_since(POINT, repository) == 1


def test_what_is_newer_is_moved_aside_and_nothing_is_deleted(repository: Path) -> None:
    aside = repository / "rolled-back-run-1"

    move_aside(POINT, aside, repository)

    assert _left(repository) == sorted(["config", "nonce", "README", "3", "5", "999", "1001"])
    moved = sorted(str(file.relative_to(aside)) for file in aside.rglob("*") if file.is_file())
    assert moved == ["data/1/1002", "data/1/1004", "hints.1004", "index.1004", "integrity.1004"]


def test_a_rollback_that_was_interrupted_can_be_done_again(repository: Path) -> None:
    (repository / "data/1/1002").rename(repository / "not moved yet")
    move_aside(POINT, repository / "first", repository)
    (repository / "not moved yet").rename(repository / "data/1/1002")

    move_aside(POINT, repository / "second", repository)

    assert newer_than(POINT, repository) == ()
    assert (repository / "second/data/1/1002").is_file()
