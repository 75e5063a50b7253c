"""Holes: they come by a session that ssh compresses, cost no memory, and no zero is ever made up."""

from __future__ import annotations

import errno
import random
import re
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.pull.listing.tree import Tree
from appliance.pull.pullfs.pieces import ZEROS, held_bytes, kept
from appliance.pull.pullfs.zeros import Zeros, is_sparse
from tests.pullfs import LISTED_AT, ClientFile, World, entry

PIECE = 1 << 15
MIB = 1 << 20
DATA = bytes(range(1, 251)) * (16 * MIB // 250)


def with_data(size: int, *places: tuple[int, int]) -> ClientFile:
    """Make a file of zeros with data at these places: offset and length, in bytes."""
    data = bytearray(size)
    for offset, length in places:
        data[offset : offset + length] = DATA[:length]
    return ClientFile(bytes(data))


@pytest.mark.parametrize(
    ("size", "blocks", "expected"),
    [
        (512 * MIB, 4096, True),
        (512 * MIB, 512 * MIB // 512, False),
        # With what a file system takes for itself.
        (512 * MIB, 512 * MIB // 512 + 1000, False),
        # A few holes in much data: they are found as they come.
        (512 * MIB, 500 * MIB // 512, False),
        # Small ones may lie in their inode, and are not worth it.
        (60, 0, False),
        (MIB - 1, 0, False),
        (MIB, 0, True),
    ],
)
def test_a_file_is_sparse_where_its_disk_has_clearly_less_of_it(size: int, blocks: int, *, expected: bool) -> None:
    tree = Tree()
    tree.add(entry(b"/", stat.S_IFDIR | 0o755, inode=2))
    node = tree.add(entry(b"/image", stat.S_IFREG | 0o644, inode=3, size=size, blocks=blocks))
    tree.finish()
    assert is_sparse(tree, node) == expected


def test_a_long_run_of_data_and_a_shorter_one_of_zeros_change_what_is_expected() -> None:
    zeros = Zeros(are_expected=True)
    expected = []
    for is_data, count in ((True, 31), (False, 1), (True, 32), (False, 7), (True, 1), (False, 8)):
        for _ in range(count):
            zeros.came(are_zeros=not is_data)
        expected.append(zeros.are_expected)
    assert expected == [True, True, False, False, False, True]


def test_a_mebibyte_of_zeros_is_a_hole() -> None:
    zeros = Zeros(are_expected=False)
    found = []
    for _ in range(32):
        found.append(zeros.are_found)
        zeros.came(are_zeros=True)
    assert (any(found), zeros.are_found) == (False, True)


def test_pieces_of_zeros_are_all_one_and_take_next_to_nothing() -> None:
    assert kept(bytes(PIECE)) is ZEROS
    assert kept(b"\1" + bytes(PIECE - 1)) is not ZEROS
    assert kept(bytes(PIECE - 1)) == bytes(PIECE - 1)
    assert held_bytes(ZEROS) < PIECE // 50
    assert held_bytes(bytes(PIECE - 1)) == PIECE - 1


def test_a_listed_hole_comes_by_the_packed_session_and_every_byte_is_right() -> None:
    file = with_data(40 * MIB, (0, 1000), (20 * MIB - 5, MIB // 2), (40 * MIB - 7, 7))
    world = World({b"/image": file}, sparse=(b"/image",))
    assert world.read_whole(b"/image") == file.data
    # What is waited for while the second session begins does not wait for that.
    assert world.client.bytes_read < MIB
    assert not world.client.handles
    assert not world.packed.handles


def test_a_long_stretch_of_data_comes_by_the_plain_session() -> None:
    file = with_data(60 * MIB, (20 * MIB, 16 * MIB))
    world = World({b"/image": file}, sparse=(b"/image",))
    assert world.read_whole(b"/image") == file.data
    # Found after one mebibyte; what was under way by then came by the other one, before it and behind it.
    assert 12 * MIB <= world.client.bytes_read <= 18 * MIB


def test_a_hole_that_nobody_listed_is_found_when_it_comes() -> None:
    file = with_data(100 * MIB, (0, 2 * MIB))
    world = World({b"/image": file})
    assert world.read_whole(b"/image") == file.data
    assert world.client.bytes_read < 10 * MIB
    assert world.packed.bytes_read > 90 * MIB


def test_files_without_holes_open_no_second_session() -> None:
    world = World({b"/data": ClientFile(DATA), b"/small": ClientFile(bytes(1000)), b"/half": with_data(MIB, (0, 1000))})
    for path in (b"/data", b"/small", b"/half"):
        world.read_whole(path)
    assert world.lanes.packed_asked == 0


def test_zeros_that_lie_here_unread_take_no_memory_from_others() -> None:
    world = World({b"/image": ClientFile(bytes(200 * MIB)), b"/next": ClientFile(DATA)}, sparse=(b"/image",))
    world.fetching.go_ahead()
    world.settle()
    assert world.packed.bytes_read == 200 * MIB
    assert world.client.bytes_read == len(DATA)


def test_of_a_hole_that_the_client_names_nothing_is_asked() -> None:
    file = with_data(40 * MIB, (0, 1000), (20 * MIB - 5, MIB // 2), (40 * MIB - 7, 7))
    # Not where it begins and ends in truth, but within that.
    holes = [(1000, 20 * MIB - 5), (20 * MIB - 5 + MIB // 2, 40 * MIB - 7)]
    world = World({b"/image": file, b"/next": ClientFile(DATA[:1000])}, sparse=(b"/image",), holes={b"/image": holes})

    assert world.read_whole(b"/image") == file.data

    assert world.client.bytes_read == 1000 + MIB // 2 + 3 * PIECE
    assert world.lanes.packed_asked == 0
    assert world.done_with == [world.node(b"/image")]
    world.settle()
    assert not world.client.handles


def test_a_file_that_is_one_hole_is_looked_at_all_the_same() -> None:
    world = World({b"/image": ClientFile(bytes(5 * MIB + 1))}, holes={b"/image": [(0, 5 * MIB + 1)]})
    number = world.read(b"/image", 5 * MIB)
    assert number not in world.kernel.given
    world.client.files[b"/image"].mtime += 1
    world.settle()
    assert world.kernel.given[number] == b"\0"
    assert world.kernel.told[0] == f"forget {world.node(b'/image')}"
    assert world.done_with == []


def test_a_hole_of_a_file_that_changed_before_it_was_read_is_read() -> None:
    file = ClientFile(bytes(2 * MIB))
    world = World({b"/image": file}, holes={b"/image": [(0, 2 * MIB)]})
    world.fetching.go_ahead()
    file.data, file.mtime = DATA[: 2 * MIB], LISTED_AT + 5
    world.settle()

    assert world.read_whole(b"/image") == DATA[: 2 * MIB]


def test_whoever_reads_a_file_that_cannot_be_opened_gets_no_end_of_it_out_of_its_holes() -> None:
    world = World({b"/image": ClientFile(bytes(MIB), is_readable=False)}, holes={b"/image": [(0, MIB)]})
    number = world.read(b"/image", MIB - PIECE)
    world.settle()
    assert world.kernel.refused == {number: errno.EACCES}


def test_where_no_second_session_is_let_in_all_comes_by_the_first() -> None:
    file = with_data(10 * MIB, (5 * MIB, 1000))
    world = World({b"/image": file}, sparse=(b"/image",), lets_in_again=False)
    assert world.read_whole(b"/image") == file.data
    assert world.client.bytes_read == len(file.data)


def test_where_the_second_session_cannot_open_the_file_all_comes_by_the_first() -> None:
    file = with_data(10 * MIB, (5 * MIB, 1000))
    world = World({b"/image": file}, sparse=(b"/image",))
    world.packed.files = {}
    assert world.read_whole(b"/image") == file.data
    assert world.client.bytes_read == len(file.data)


def test_while_the_second_session_begins_whoever_waits_is_answered_by_the_first_and_no_more_is_fetched() -> None:
    world = World({b"/image": ClientFile(bytes(20 * MIB))}, sparse=(b"/image",))
    world.fetching.go_ahead()
    world.client.settle()
    assert world.client.bytes_read == 0
    number = world.read(b"/image")
    world.client.settle()
    assert world.kernel.given[number] == bytes(1 << 17)
    assert world.client.bytes_read <= MIB
    assert world.read_whole(b"/image") == bytes(20 * MIB)


def opened_on_both(size: int) -> World:
    """Return a client whose one sparse file is asked for by the packed session, with no piece here yet."""
    world = World({b"/image": ClientFile(bytes(size))}, sparse=(b"/image",))
    world.fetching.go_ahead()
    world.client.step()
    world.packed.step()
    return world


def test_a_change_that_only_the_second_session_sees_is_told_before_the_last_bytes() -> None:
    world = opened_on_both(MIB)
    number = world.read(b"/image", MIB - (1 << 17))
    world.packed.files = {b"/image": ClientFile(bytes(MIB), mtime=LISTED_AT + 1)}
    world.settle()
    assert world.kernel.told == [f"forget {world.node(b'/image')}", f"data {number}"]
    assert world.done_with == []


@pytest.mark.parametrize("last", ["client", "packed"])
def test_the_last_bytes_wait_for_the_look_of_both_sessions(last: str) -> None:
    world = opened_on_both(MIB)
    number = world.read(b"/image", MIB - (1 << 17))
    first, then = (world.packed, world.client) if last == "client" else (world.client, world.packed)
    first.settle()
    assert number not in world.kernel.given
    then.settle()
    assert world.kernel.given[number] == bytes(1 << 17)


def test_what_comes_first_by_one_session_leaves_what_is_waited_for_by_the_other_in_place() -> None:
    world = World({b"/image": ClientFile(bytes(4 * MIB))}, sparse=(b"/image",))
    numbers = [world.read(b"/image")]
    # It is open on both, and the first of its pieces is here.
    world.client.step()
    world.packed.step()
    world.client.step()
    numbers += [world.read(b"/image", offset) for offset in range(1 << 17, 4 * MIB, 1 << 17)]
    world.packed.settle()
    assert world.kernel.given
    assert numbers[0] not in world.kernel.given
    world.settle()
    assert world.kernel.given == dict.fromkeys(numbers, bytes(1 << 17))


def test_a_session_that_gives_less_than_it_has_is_an_error_and_no_zeros_are_made_up() -> None:
    world = opened_on_both(MIB)
    number = world.read(b"/image", MIB - (1 << 17))
    answer = world.packed._read
    world.packed._read = lambda handle, offset, length: answer(handle, offset, min(length, 10))  # type: ignore[method-assign]
    world.settle()
    assert world.kernel.refused == {number: errno.EIO}


@st.composite
def files_with_holes(draw: st.DrawFn) -> dict[bytes, ClientFile]:
    files = {}
    for number in range(draw(st.integers(1, 4))):
        runs = draw(st.lists(st.tuples(st.booleans(), st.integers(1, 50 * PIECE)), min_size=1, max_size=6))
        files[b"/f%d" % number] = ClientFile(
            b"".join(DATA[number : number + size] if is_data else bytes(size) for is_data, size in runs)
        )
    return files


def zeros_of(data: bytes) -> list[tuple[int, int]]:
    """Return where there are runs of zeros, as a client does that knows its holes."""
    return [found.span() for found in re.finditer(rb"\0{2000,}", data)]


@settings(max_examples=40, deadline=None)
@given(files_with_holes(), st.integers(0, 1 << 32))
def test_whatever_the_order_of_replies_on_both_sessions_every_byte_is_right(
    files: dict[bytes, ClientFile], seed: int
) -> None:
    # One number for a thousand choices: drawn one by one, Hypothesis shrinks them for minutes.
    chance = random.Random(seed)  # noqa: S311 - no secret
    world = World(
        files,
        sparse=tuple(path for path in files if chance.randrange(2)),
        holes={path: zeros_of(file.data) for path, file in files.items() if chance.randrange(2)},
    )
    expected: dict[int, bytes] = {}
    for path, file in files.items():
        if not chance.randrange(3):
            continue
        for offset in range(0, len(file.data), 1 << 17):
            expected[world.read(path, offset)] = file.data[offset : offset + (1 << 17)]
            for _ in range(chance.randrange(12)):
                server = chance.choice((world.client, world.packed))
                if server.queue:
                    server.step()
    world.settle()
    assert world.kernel.given == expected
    assert not world.client.handles
    assert not world.packed.handles
