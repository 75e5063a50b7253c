"""The fault matrix is whole, and each test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = 40
# What may stand where nothing is played.
REASONS = ("Not yet", "Not on one machine")


def rows() -> list[list[str]]:
    """The cells of each row: number, fault, tests, reason."""
    page = (ROOT / "docs" / "fault-matrix.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if re.match(r"\| \d+ \|", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def known() -> set[str]:
    """Every folder of end-to-end tests that has one, and every test."""
    files = [path for path in (ROOT / "tests").rglob("test_*.py") if "data" not in path.parts]
    tests = [name for path in files for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)]
    return {path.parent.name for path in files if path.parts[-3] == "e2e"} | set(tests)


def test_every_row_is_there_once_and_in_its_order() -> None:
    assert [row[0] for row in rows()] == [str(number) for number in range(1, ROWS + 1)]
    assert {len(row) for row in rows()} == {4}


def test_each_test_that_is_named_exists() -> None:
    named = {name for row in rows() for cell in row[2:] for name in names(cell)}

    assert named - known() == set()


def test_a_row_that_nothing_plays_says_why() -> None:
    silent = [row for row in rows() if not names(row[2])]

    assert [row for row in silent if not row[3].startswith(REASONS)] == []
