"""What earlier runs have read is known again, and whatever else lies in its place does no harm."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pull.listing.tree import Tree
from appliance.pull.pullfs.seen import Seen
from appliance.pull.pullfs.signatures import Signatures
from tests.pullfs import LISTED_AT, entry

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)


def tree_of(sizes: tuple[int, ...], newest: int = 1) -> Tree:
    """Files of these sizes, and one that changed after all of them, with so many others at the same moment."""
    tree = Tree()
    tree.add(entry(b"/", stat.S_IFDIR | 0o755, inode=2))
    for number, size in enumerate(sizes):
        tree.add(entry(b"/f%d" % number, stat.S_IFREG | 0o644, inode=10 + number, size=size))
    for number in range(newest):
        path = b"/newest%d" % number
        tree.add(entry(path, stat.S_IFREG | 0o644, inode=100 + number, size=1, mtime=LISTED_AT + 9))
    tree.finish()
    return tree


@given(st.lists(NUMBERS | st.integers(-2, 2), max_size=200), st.lists(NUMBERS | st.integers(-3, 3)))
def test_a_number_is_among_them_exactly_where_it_was_taken_in(numbers: list[int], others: list[int]) -> None:
    signatures = Signatures(numbers)
    assert [one in signatures for one in numbers + others] == [one in set(numbers) for one in numbers + others]


def test_numbers_that_fall_into_one_place_are_told_apart() -> None:
    signatures = Signatures([number << 32 for number in range(1, 100)])
    assert (5 << 32 in signatures, 100 << 32 in signatures) == (True, False)


def test_what_was_read_is_known_to_the_next_run_unless_it_changed(tmp_path: Path) -> None:
    first = Seen(tree_of((1, 2, 3)), tmp_path / "seen")
    for node in (2, 3):
        first.add(node)
    first.keep()
    then = Seen(tree_of((1, 20, 3)), tmp_path / "seen")
    assert [then.is_expected(node) for node in (2, 3, 4)] == [False, True, True]


def test_what_changed_last_of_all_is_read_again_by_borg_and_so_it_is_fetched(tmp_path: Path) -> None:
    first = Seen(tree_of((1,), newest=2), tmp_path / "seen")
    for node in (2, 3, 4):
        first.add(node)
    first.keep()
    then = Seen(tree_of((1,), newest=2), tmp_path / "seen")
    assert [then.is_expected(node) for node in (2, 3, 4)] == [False, True, True]


@pytest.mark.parametrize("left", [None, b"", b"nonsense", b"no whole number"])
def test_nothing_or_nonsense_from_an_earlier_run_means_that_all_is_read(tmp_path: Path, left: bytes | None) -> None:
    if left is not None:
        (tmp_path / "seen").write_bytes(left)
    seen = Seen(tree_of((1, 2)), tmp_path / "seen")
    assert [seen.is_expected(node) for node in (2, 3)] == [True, True]
