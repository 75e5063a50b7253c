"""Small files are in the kernel before Borg reads them, and only what may be: whole, settled, and read by nobody."""

from __future__ import annotations

import pytest

from tests.pullfs import LISTED_AT, ClientFile, World

LARGEST = 1 << 17
MIB = 1 << 20


def files(count: int, size: int = 1000) -> dict[bytes, ClientFile]:
    return {b"/f%05d" % number: ClientFile(b"%05d" % number * (size // 5)) for number in range(count)}


def fetched(world: World) -> World:
    world.fetching.go_ahead()
    world.settle()
    return world


def stored(world: World) -> set[bytes]:
    return {world.tree.path(node) for node in world.kernel.stored}


def test_what_was_fetched_is_in_the_kernel_once_its_folder_is_listed() -> None:
    world = fetched(World(files(10)))
    assert stored(world) == set()
    world.list_all()
    assert stored(world) == {b"/f%05d" % number for number in range(1, 10)}
    assert all(data == world.client.files[world.tree.path(node)].data for node, data in world.kernel.stored.items())
    assert set(world.done_with) == set(world.kernel.stored)


def test_of_sixty_four_files_one_is_left_to_be_asked_for() -> None:
    world = fetched(World(files(640)))
    world.list_all()
    assert set(world.client.files) - stored(world) == {b"/f%05d" % number for number in range(0, 640, 64)}


def test_a_file_that_is_only_on_its_way_is_not_handed_over() -> None:
    world = World(files(3))
    world.fetching.go_ahead()
    for _ in range(7):
        world.client.step()
    world.list_all()
    assert stored(world) == set()


def test_a_file_that_somebody_began_to_read_is_not_handed_over() -> None:
    world = fetched(World(files(4)))
    read = world.read(b"/f00002")
    world.list_all()
    assert b"/f00002" not in stored(world)
    assert world.kernel.given[read] == b"00002" * 200


@pytest.mark.parametrize(("size", "is_handed"), [(0, False), (5, True), (LARGEST - 2, True), (LARGEST + 3, False)])
def test_a_file_is_handed_over_where_one_read_would_bring_it(size: int, *, is_handed: bool) -> None:
    world = fetched(World({b"/first": ClientFile(b"x"), b"/second": ClientFile(b"y" * size)}))
    world.list_all()
    assert (b"/second" in stored(world)) == is_handed


def test_a_file_that_changed_is_handed_over_as_it_is_now_or_not_at_all() -> None:
    world = World(files(2))
    world.client.files[b"/f00001"] = ClientFile(b"newer", mtime=LISTED_AT + 60)
    fetched(world).list_all()
    assert stored(world) == set()
    assert world.read_whole(b"/f00001") == b"newer"


def test_what_the_kernel_does_not_take_is_answered_when_it_is_read() -> None:
    world = fetched(World(files(3)))
    world.kernel.unknown = {world.node(b"/f00001")}
    world.list_all()
    assert stored(world) == {b"/f00002"}
    assert world.kernel.given[world.read(b"/f00001")] == b"00001" * 200


def test_what_the_kernel_has_dropped_is_fetched_anew() -> None:
    world = fetched(World(files(3)))
    world.list_all()
    assert world.read_whole(b"/f00001") == b"00001" * 200
    assert not world.client.handles


def test_of_a_file_that_was_dropped_in_part_and_changed_nothing_is_given_before_that_is_known() -> None:
    world = fetched(World({b"/first": ClientFile(b"x"), b"/second": ClientFile(b"y" * 100_000)}))
    world.list_all()
    world.client.files[b"/second"] = ClientFile(b"z" * 100_000, mtime=LISTED_AT + 1)
    # The kernel has the rest of it, as it was.
    number = world.read(b"/second", 0, 8192)
    world.settle()
    assert world.kernel.told == [f"forget {world.node(b'/second')}", f"data {number}"]


def test_however_small_the_files_are_the_kernel_gets_no_more_than_there_is_room_for() -> None:
    world = World({b"/f%05d" % number: ClientFile(b"x") for number in range(40_000)})
    fetched(world).list_all()
    assert 11_000 < len(world.kernel.stored) < 13_000


def test_what_was_handed_over_and_not_passed_is_bounded() -> None:
    world = fetched(World(files(2000, size=100_000)))
    for _ in range(5):
        world.list_all()
        fetched(world)
    assert 90 * MIB <= world.client.bytes_read <= 97 * MIB
    # It counts no more once Borg has come past it.
    signpost = max(int(path[2:]) for path in set(world.client.opened) - stored(world))
    world.read_whole(b"/f%05d" % signpost)
    assert world.client.bytes_read >= 130 * MIB


def test_where_borgs_cache_is_lost_a_run_goes_on_through_what_was_handed_over() -> None:
    known = files(400)
    world = World(known, unexpected=tuple(known))
    asked = 0
    for path in known:
        if world.node(path) not in world.kernel.stored:
            world.read_whole(path)
            asked += 1
        world.list_all()
    assert asked < 30
