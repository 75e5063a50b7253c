"""What a client says of the holes of its files, and what of it is believed."""

from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pull.listing.entry import Hostile
from appliance.pull.listing.holes import NONE, Holes, read_holes, request
from appliance.pull.listing.read import MAGIC
from appliance.pull.listing.tree import Tree
from tests.pullfs import LISTED_AT, entry

PIECE = 10
AT = LISTED_AT * 10**9


def tree() -> Tree:
    found = Tree()
    found.add(entry(b"/", stat.S_IFDIR | 0o755, inode=2))
    found.add(entry(b"/image", stat.S_IFREG | 0o644, inode=3, size=100))
    found.finish()
    return found


def told(*fields: bytes, end: bytes = b"end\0", before: bytes = b"") -> bytes:
    return before + MAGIC + b"find\0none\0" + b"".join(field + b"\0" for field in fields) + end


def pieces_of(holes: Holes, count: int) -> list[int]:
    """Which of so many pieces are nothing but hole."""
    return [number for number in range(count) if holes.behind(number) > number]


def test_holes_are_told_in_whole_pieces() -> None:
    assert pieces_of(Holes([(5, 30), (41, 49), (60, 69), (75, 97)], 97, PIECE), 10) == [1, 2, 8, 9]
    assert Holes([(0, 50)], 100, PIECE).behind(2) == 5
    assert pieces_of(NONE, 10) == []


@given(st.lists(st.integers(0, 300), unique=True), st.integers(0, 20))
def test_no_piece_that_has_data_is_taken_for_a_hole(places: list[int], more: int) -> None:
    ends = sorted(places)[: len(places) // 2 * 2]
    holes = list(zip(ends[::2], ends[1::2], strict=True))
    size = max(ends, default=0) + more
    data = {at for at in range(size) if not any(begin <= at < end for begin, end in holes)}
    with_data = {at // PIECE for at in data}
    whole = set(range(-(-size // PIECE))) - with_data
    found = set(pieces_of(Holes(holes, size, PIECE), -(-size // PIECE)))
    # One piece may be hole by two holes that touch: it is read all the same.
    assert found <= whole


def test_a_file_as_it_was_listed_has_its_holes() -> None:
    for before in (b"", b"Welcome!\n"):
        answer = told(b"/image", b"100 %d %d" % (AT, AT), b"0-50 60-100", before=before)
        (holes,) = read_holes(answer, tree(), PIECE).values()
        assert pieces_of(holes, 10) == [0, 1, 2, 3, 4, 6, 7, 8, 9]


@pytest.mark.parametrize(
    "numbers",
    [
        b"101 %d %d" % (AT, AT),
        b"100 %d %d" % (AT + 1, AT),
        b"100 %d %d" % (AT, AT + 1),
        # Of the year 1601, as NTFS begins: no listing tells it so.
        b"100 -11644473600000000000 %d" % AT,
    ],
)
def test_a_file_that_is_not_as_it_was_listed_has_none(numbers: bytes) -> None:
    assert read_holes(told(b"/image", numbers, b"0-50"), tree(), PIECE) == {}


def test_files_that_nobody_knows_are_passed_over() -> None:
    assert read_holes(told(b"/other", b"100 1 1", b"0-50"), tree(), PIECE) == {}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"hello",
        told(end=b"")[:-3],
        told(b"/image", b"100 %d %d" % (AT, AT), b"0-50", end=b""),
        told(b"/image", b"100 %d %d" % (AT, AT), b"0-50", end=b"end"),
    ],
)
def test_what_broke_off_counts_for_nothing(answer: bytes) -> None:
    assert read_holes(answer, tree(), PIECE) == {}


@pytest.mark.parametrize(
    "answer",
    [
        told(b"/image", b"100 1", b""),
        told(b"/image", b"100 1 1", b"0-101"),
        told(b"/image", b"100 1 1", b"50-40"),
        told(b"/image", b"100 1 1", b"0-50 40-60"),
        told(b"/image", b"100 1 1", b"0-50  60-70"),
        told(b"/image", b"100 1 1", b"-1-50"),
        told(b"/image", b"100 1 1", b"0-99999999999999999999"),
        told(b"/image", b"x", b"", b""),
        told(b"/image", b"100 1 1", b"", end=b"end\0more"),
        told(b"/image", b"99999 1 1", b" ".join(b"%d-%d" % (at, at + 1) for at in range(0, 40_002, 2))),
        told(*(b"/image", b"100 1 1", b"") * 1001),
    ],
)
def test_what_our_program_does_not_say_is_hostile(answer: bytes) -> None:
    with pytest.raises(Hostile):
        read_holes(answer, tree(), PIECE)


def test_a_path_that_is_no_line_is_not_asked_for() -> None:
    assert request([b"/a b", b"/new\nline"]) == b"holes /a b\ngo\n"
