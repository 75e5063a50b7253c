"""Data comes before it is asked for, within bounds, and never as something that it is not."""

from __future__ import annotations

import errno
import stat
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pullfs import LISTED_AT, ClientFile, World

if TYPE_CHECKING:
    import random

PIECE = 1 << 15
MIB = 1 << 20


def small_files(count: int) -> dict[bytes, ClientFile]:
    return {b"/f%04d" % number: ClientFile(b"%04d" % number * 1000) for number in range(count)}


def pattern(number: int, size: int) -> bytes:
    """Bytes of which no two stretches a piece apart are equal."""
    return (bytes(range(number, 251)) + bytes(range(number))) * (size // 251) + bytes(size % 251)


def test_a_file_is_here_before_borg_comes_to_it() -> None:
    world = World(small_files(50))
    world.fetching.go_ahead()
    world.client.settle()
    number = world.read(b"/f0000")
    assert world.kernel.given[number] == b"0000" * 1000


def test_files_are_asked_for_in_the_order_of_their_inodes() -> None:
    world = World(small_files(50))
    world.fetching.go_ahead()
    world.client.settle()
    assert world.client.opened == [b"/f%04d" % number for number in range(50)]


def test_a_file_that_nobody_fetched_ahead_is_read_all_the_same() -> None:
    world = World({b"/a": ClientFile(b"x" * 300_000)}, unexpected=(b"/a",))
    world.fetching.go_ahead()
    world.client.settle()
    assert world.client.opened == []
    assert world.read_whole(b"/a") == b"x" * 300_000


def test_what_borg_knows_is_not_fetched() -> None:
    files = small_files(20)
    world = World(files, unexpected=tuple(files)[:19])
    world.fetching.go_ahead()
    world.client.settle()
    assert world.client.opened == [b"/f0019"]


def test_where_borgs_cache_is_lost_what_follows_is_fetched_ahead_after_all() -> None:
    files = small_files(100)
    world = World(files, unexpected=tuple(files))
    for path in tuple(files)[:10]:
        world.read_whole(path)
    assert len(world.client.opened) > 20


def test_what_borg_passes_over_does_not_stay_in_the_way() -> None:
    files = {b"/f%d" % number: ClientFile(bytes(10 * MIB)) for number in range(20)}
    world = World(files)
    world.fetching.go_ahead()
    world.client.settle()
    assert world.read_whole(b"/f19") == bytes(10 * MIB)
    assert not world.client.handles


def test_memory_stays_bounded_however_large_the_files_are() -> None:
    world = World({b"/f%d" % number: ClientFile(b"x" * 40 * MIB) for number in range(5)})
    world.fetching.go_ahead()
    world.client.settle()
    assert world.client.bytes_read <= 49 * MIB


def test_on_a_slow_line_little_is_under_way_so_that_what_is_urgent_waits_for_little() -> None:
    world = World({b"/f%d" % number: ClientFile(b"x" * 10 * MIB) for number in range(5)})
    world.fetching.go_ahead()
    for _ in range(60):
        # 320 KiB a second.
        world.seconds += 0.1
        world.client.step()
    asked = sum(1 for request, _ in world.client.queue if request.kind == 5)
    assert 4 <= asked <= 12


def test_on_a_fast_line_megabytes_are_under_way() -> None:
    world = World({b"/f%d" % number: ClientFile(b"x" * 10 * MIB) for number in range(5)})
    world.fetching.go_ahead()
    for _ in range(600):
        # 32 MiB a second.
        world.seconds += 0.001
        world.client.step()
    asked = sum(1 for request, _ in world.client.queue if request.kind == 5)
    assert asked >= 64


def test_few_files_are_open_on_the_client_at_once() -> None:
    world = World(small_files(2000))
    world.fetching.go_ahead()
    world.client.settle()
    assert 100 < world.client.most_handles <= 200
    assert not world.client.handles


def test_small_files_cost_a_round_trip_for_as_many_as_may_be_open_at_once() -> None:
    world = World({b"/f%04d" % number: ClientFile(b"x") for number in range(1000)})
    world.fetching.go_ahead()

    trips = 0
    while world.client.queue:
        trips += 1
        for _ in range(len(world.client.queue)):
            world.client.step()

    assert (len(world.client.opened), world.client.most_handles <= 200) == (1000, True)
    # Two for the last of them: opened, then read and closed.
    assert trips <= 1000 / 168 + 2


def test_where_fewer_may_be_open_than_are_no_more_are_opened_until_so_many_are_closed() -> None:
    world = World(small_files(1000))
    world.fetching.go_ahead()
    world.fetching.may_open(40)
    for _ in range(200):
        world.client.step()

    world.client.most_handles = 0
    world.client.settle()

    assert 32 <= world.client.most_handles <= 40
    assert len(world.client.opened) == 1000


def test_a_file_that_is_gone_and_one_that_is_forbidden_are_told_apart() -> None:
    world = World({b"/gone": ClientFile(b"x"), b"/secret": ClientFile(b"x", is_readable=False)})
    del world.client.files[b"/gone"]
    gone, secret = world.read(b"/gone"), world.read(b"/secret")
    world.client.settle()
    assert world.kernel.refused == {gone: errno.ENOENT, secret: errno.EACCES}


def test_a_file_changed_before_borg_came_to_it_shows_what_it_is_now() -> None:
    world = World({b"/log": ClientFile(b"old")})
    world.client.files[b"/log"] = ClientFile(b"newer", mtime=LISTED_AT + 60)
    world.fetching.go_ahead()
    world.client.settle()
    node = world.node(b"/log")
    assert world.kernel.told == [f"forget {node}"]
    assert (world.tree.size(node), world.tree.mtime_ns(node)) == (5, (LISTED_AT + 60) * 10**9)
    assert world.read_whole(b"/log") == b"newer"


def test_a_file_that_others_may_not_read_any_more_shows_that_with_its_new_content() -> None:
    world = World({b"/conf": ClientFile(b"open")})
    world.client.files[b"/conf"] = ClientFile(b"shut", mode=stat.S_IFREG | 0o640, owner=(0, 42))
    world.fetching.go_ahead()
    world.settle()
    node = world.node(b"/conf")
    assert world.kernel.told == [f"forget {node}"]
    assert (world.tree.mode(node), world.tree.uid(node), world.tree.gid(node)) == (stat.S_IFREG | 0o640, 0, 42)
    assert world.read_whole(b"/conf") == b"shut"


def test_what_is_no_file_any_more_is_an_error_of_that_file_alone() -> None:
    world = World({b"/a": ClientFile(b"one"), b"/b": ClientFile(b"two")})
    world.client.files[b"/a"] = ClientFile(b"one", mode=stat.S_IFCHR | 0o644)
    number = world.read(b"/a")
    world.settle()
    assert world.kernel.refused == {number: errno.EIO}
    assert world.read_whole(b"/b") == b"two"


def test_a_file_that_shrank_is_answered_also_where_all_memory_is_full() -> None:
    files = {b"/log": ClientFile(b"o" * MIB), b"/big": ClientFile(b"x" * 60 * MIB)}
    world = World(files, unexpected=(b"/log",))
    world.fetching.go_ahead()
    world.settle()
    files[b"/log"] = ClientFile(b"y" * 70_000, mtime=LISTED_AT + 1)
    number = world.read(b"/log")
    world.settle()
    assert world.kernel.given[number] == b"y" * 70_000


def test_who_reads_what_has_no_place_in_the_order_keeps_nobody_from_fetching_the_rest_ahead() -> None:
    world = World(small_files(20), apart=(b"/f0019",))
    assert world.read_whole(b"/f0019") == b"0019" * 1000
    assert len(world.client.opened) == 20


def test_of_a_file_that_changes_while_it_is_read_borg_hears_before_it_has_the_last_bytes() -> None:
    world = World({b"/log": ClientFile(b"x" * 200_000)})
    first = world.read(b"/log", 0)
    for _ in range(5):
        world.client.step()
    world.client.files[b"/log"] = ClientFile(b"y" * 200_000, mtime=LISTED_AT + 1)
    last = world.read(b"/log", 1 << 17)
    world.client.settle()
    assert world.kernel.told == [f"data {first}", f"forget {world.node(b'/log')}", f"data {last}"]
    assert world.done_with == []


def test_a_file_that_grows_for_ever_is_not_followed() -> None:
    world = World({b"/log": ClientFile(b"x" * 1000)})
    number = world.read(b"/log")
    world.client.files[b"/log"] = ClientFile(b"x" * 2000, mtime=LISTED_AT + 1)
    world.client.settle()
    node = world.node(b"/log")
    assert world.kernel.told == [f"forget {node}", f"data {number}"]
    assert (len(world.kernel.given[number]), world.tree.size(node)) == (1000, 1000)


def test_a_file_that_shrank_ends_where_it_ends_now() -> None:
    world = World({b"/log": ClientFile(b"x" * 100_000)}, unexpected=(b"/log",))
    world.client.files[b"/log"] = ClientFile(b"y" * 70_000, mtime=LISTED_AT + 1)
    number = world.read(b"/log")
    world.client.settle()
    assert world.kernel.given[number] == b"y" * 70_000
    assert world.kernel.told[0] == f"forget {world.node(b'/log')}"


def test_a_file_that_gives_less_than_it_has_is_an_error_and_never_a_short_file() -> None:
    world = World({b"/bad": ClientFile(b"x" * 100_000)})
    number = world.read(b"/bad")
    answer = world.client._read
    world.client._read = lambda handle, offset, length: answer(handle, offset, length if offset else 10)  # type: ignore[method-assign]
    world.client.settle()
    assert world.kernel.refused == {number: errno.EIO}


def test_only_what_was_read_to_its_end_counts_as_read() -> None:
    world = World({b"/a": ClientFile(b"x" * 300_000), b"/b": ClientFile(b"x")})
    world.read(b"/a", 0)
    world.client.settle()
    assert world.done_with == []
    world.read_whole(b"/a")
    assert world.done_with == [world.node(b"/a")]


def test_what_was_fetched_and_passed_over_is_not_fetched_the_next_time() -> None:
    world = World(small_files(20))
    world.fetching.go_ahead()
    world.client.settle()
    for number in (0, 1, 12):
        world.read_whole(b"/f%04d" % number)
    assert sorted(world.done_with) == [world.node(b"/f%04d" % number) for number in range(13)]


def test_a_reader_that_goes_back_gets_what_was_forgotten_anew() -> None:
    data = pattern(1, 3 * MIB)
    world = World({b"/a": ClientFile(data)})
    for offset in (0, 1 << 20, 2 << 20, 0):
        number = world.read(b"/a", offset)
        world.settle()
        assert world.kernel.given[number] == data[offset : offset + (1 << 17)]
    assert world.read_whole(b"/a") == data
    assert not world.client.handles


def test_a_reader_that_goes_back_in_a_file_larger_than_all_memory_is_answered_too() -> None:
    world = World({b"/a": ClientFile(b"x" * 100 * MIB)})
    for offset in (0, 60 * MIB, 0, 30 * MIB, MIB):
        number = world.read(b"/a", offset)
        world.settle()
        assert len(world.kernel.given[number]) == 1 << 17


def test_a_reader_that_begins_in_the_middle_and_goes_back_is_answered_on_both_places() -> None:
    data = pattern(1, MIB)
    world = World({b"/a": ClientFile(data)}, unexpected=(b"/a",))
    later, first = world.read(b"/a", 1 << 19), world.read(b"/a", 0)
    world.settle()
    assert world.kernel.given == {later: data[1 << 19 :][: 1 << 17], first: data[: 1 << 17]}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60 * PIECE), st.integers(0, 12)), min_size=1, max_size=40))
def test_wherever_a_reader_jumps_every_read_is_answered(jumps: list[tuple[int, int]]) -> None:
    data = pattern(1, 61 * PIECE)
    world = World({b"/a": ClientFile(data), b"/b": ClientFile(pattern(2, 5000))})
    expected: dict[int, bytes] = {}
    for offset, steps in jumps:
        if steps == 0 and not world.kernel.read:
            world.list_all()
        expected[world.read(b"/a", offset)] = data[offset : offset + (1 << 17)]
        for _ in range(min(steps, len(world.client.queue))):
            world.client.step()
    world.settle()
    assert world.kernel.given == expected
    assert world.read_whole(b"/b") == pattern(2, 5000)
    assert not world.client.handles


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 5 * PIECE), min_size=1, max_size=12), st.randoms(use_true_random=False), st.data())
def test_whatever_the_order_of_replies_and_reads_every_byte_is_right(
    sizes: list[int], chance: random.Random, data: st.DataObject
) -> None:
    files = {b"/f%02d" % number: ClientFile(pattern(number, size)) for number, size in enumerate(sizes)}
    unexpected = tuple(path for path in files if data.draw(st.booleans()))
    world = World(files, unexpected=unexpected)
    expected: dict[int, bytes] = {}
    for path, file in files.items():
        if data.draw(st.booleans()):
            continue
        for offset in range(0, len(file.data), 1 << 17):
            expected[world.read(path, offset)] = file.data[offset : offset + (1 << 17)]
            for _ in range(chance.randrange(8)):
                if world.client.queue:
                    world.client.step()
    world.client.settle()
    assert world.kernel.given == expected
    assert not world.client.handles
