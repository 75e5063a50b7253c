from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pull.listing.entry import Entry, Hostile
from appliance.pull.listing.tree import ROOT, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER, FILE = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o644


def tree_of(*entries: Entry, root: int = 1) -> Tree:
    tree = Tree()
    tree.add(Entry(path=b"/", mode=FOLDER, inode=2, device=root))
    for entry in entries:
        tree.add(entry)
    tree.finish()
    return tree


def file(path: bytes, inode: int = 0, device: int = 1, nlink: int = 1) -> Entry:
    return Entry(path=path, mode=FILE, inode=inode, device=device, nlink=nlink)


def folder(path: bytes, inode: int = 0, device: int = 1) -> Entry:
    return Entry(path=path, mode=FOLDER, inode=inode, device=device)


def at(tree: Tree, path: bytes) -> int:
    node = tree.find(path)
    assert node is not None
    return node


def inode_at(tree: Tree, path: bytes) -> int:
    return tree.inode(at(tree, path))


def test_every_field_comes_back() -> None:
    entry = Entry(
        path=b"/\xff\n",
        mode=stat.S_IFREG | 0o4755,
        uid=2**32 - 2,
        gid=7,
        size=2**63,
        nlink=3,
        inode=2**64 - 1,
        device=1,
        mtime_ns=-1_500_000_000,
        ctime_ns=2**63 - 1,
        blocks=9,
        readable=False,
        xattrs=((b"user.a", b"\0b"),),
    )

    tree = tree_of(entry)

    node = at(tree, entry.path)
    assert (tree.name(node), tree.path(node), tree.parent(node)) == (b"\xff\n", b"/\xff\n", ROOT)
    assert (tree.mode(node), tree.uid(node), tree.gid(node)) == (entry.mode, entry.uid, entry.gid)
    assert (tree.size(node), tree.nlink(node), tree.inode(node)) == (entry.size, 3, entry.inode)
    assert (tree.mtime_ns(node), tree.ctime_ns(node), tree.blocks(node)) == (entry.mtime_ns, entry.ctime_ns, 9)
    assert not tree.is_readable(node)
    assert tree.is_readable(ROOT)
    assert tree.xattrs(node) == {b"user.a": b"\0b"}
    assert tree.xattrs(ROOT) == {}
    assert tree.has_xattrs
    assert len(tree) == 2


def test_links_and_devices_keep_where_they_lead() -> None:
    tree = tree_of(
        Entry(path=b"/link", mode=stat.S_IFLNK | 0o777, target=b"../\n"),
        Entry(path=b"/null", mode=stat.S_IFCHR | 0o666, rdev=259),
    )

    assert tree.target(at(tree, b"/link")) == b"../\n"
    assert tree.rdev(at(tree, b"/null")) == 259
    assert (tree.target(ROOT), tree.rdev(ROOT), tree.has_xattrs) == (b"", 0, False)


def test_children_come_by_inode_number_and_then_by_name() -> None:
    tree = tree_of(file(b"/c", 9), file(b"/b", 5, nlink=2), folder(b"/d", 1), file(b"/a", 5, nlink=2), file(b"/d/e", 3))

    assert [tree.name(node) for node in tree.children(ROOT)] == [b"d", b"a", b"b", b"c"]
    assert [tree.path(node) for node in tree.children(at(tree, b"/d"))] == [b"/d/e"]
    assert list(tree.children(at(tree, b"/c"))) == []


def test_a_name_is_found_in_its_folder_only() -> None:
    tree = tree_of(folder(b"/a", 1), file(b"/a/x", 2), folder(b"/b", 3))

    assert tree.lookup(at(tree, b"/a"), b"x") == at(tree, b"/a/x")
    assert tree.lookup(at(tree, b"/b"), b"x") is None
    assert tree.find(b"/b/x/y") is None


def test_the_roots_file_system_keeps_its_inode_numbers() -> None:
    tree = tree_of(file(b"/a", 77), folder(b"/mnt", 77, device=8), file(b"/mnt/b", 78, device=8))

    assert inode_at(tree, b"/a") == 77
    assert 77 not in (inode_at(tree, b"/mnt"), inode_at(tree, b"/mnt/b"))
    assert inode_at(tree, b"/mnt/b") == inode_at(tree, b"/mnt") + 1


def test_inode_numbers_stay_when_the_numbers_of_the_devices_change() -> None:
    def shown(first: int, second: int, root: int) -> list[int]:
        tree = tree_of(folder(b"/x", 1, first), folder(b"/x/deep", 1, second), folder(b"/y", 1, second), root=root)
        return [tree.inode(node) for node in range(1, len(tree) + 1)]

    assert shown(8, 9, 1) == shown(99, 8, 55)


def test_names_of_one_file_show_one_number_and_files_on_two_file_systems_two() -> None:
    tree = tree_of(
        file(b"/a", 5, nlink=2),
        folder(b"/m", 2, 8),
        file(b"/m/a", 5, 8, nlink=2),
        file(b"/m/b", 5, 8, nlink=2),
        folder(b"/n", 2, 9),
        file(b"/n/a", 5, 9, nlink=2),
    )

    assert inode_at(tree, b"/m/a") == inode_at(tree, b"/m/b")
    assert len({inode_at(tree, path) for path in (b"/a", b"/m/a", b"/n/a")}) == 3


def test_two_linked_files_whose_numbers_would_clash_never_look_like_one() -> None:
    probe = tree_of(folder(b"/m", 0, 8), folder(b"/n", 0, 9))
    apart = inode_at(probe, b"/m") - inode_at(probe, b"/n")
    on_m, on_n = (7, 7 + apart) if apart > 0 else (7 - apart, 7)

    tree = tree_of(
        folder(b"/m", 0, 8),
        file(b"/m/a", on_m, 8, nlink=2),
        folder(b"/n", 0, 9),
        file(b"/n/a", on_n, 9, nlink=2),
        file(b"/n/b", on_n, 9, nlink=2),
    )

    assert inode_at(tree, b"/m/a") != inode_at(tree, b"/n/a")
    assert inode_at(tree, b"/n/a") == inode_at(tree, b"/n/b")


@pytest.mark.parametrize(
    "entries",
    [
        (file(b"/a"), file(b"/a")),
        (file(b"/a"), file(b"/a/b")),
        (file(b"/no/b"),),
        (Entry(path=b"/", mode=FOLDER),),
        (file(b"/.."),),
        (file(b"/."),),
        (file(b"/" + b"n" * 256),),
        (file(b"/\0"),),
        (Entry(path=b"/a", mode=FILE, size=-1),),
        (Entry(path=b"/a", mode=FILE, size=2**64),),
        (Entry(path=b"/a", mode=FILE, uid=2**32),),
        (Entry(path=b"/a", mode=FILE, mtime_ns=2**63),),
        (Entry(path=b"/a", mode=stat.S_IFLNK, target=b"t" * 4096),),
    ],
)
def test_what_no_client_can_have_is_refused(entries: Iterable[Entry]) -> None:
    with pytest.raises(Hostile):
        tree_of(*entries)


def test_a_tree_without_a_root_is_refused() -> None:
    with pytest.raises(Hostile):
        Tree().finish()


def test_a_root_that_is_no_folder_holds_nothing() -> None:
    tree = Tree()
    tree.add(Entry(path=b"/", mode=FILE))
    tree.add(file(b"/a"))

    with pytest.raises(Hostile):
        tree.finish()


def test_entries_and_memory_have_a_bound() -> None:
    few, little = Tree(limit_entries=2), Tree(limit_bytes=1000)
    for tree in (few, little):
        tree.add(Entry(path=b"/", mode=FOLDER))

    with pytest.raises(Hostile, match="more than 2 entries"):
        [few.add(file(b"/%d" % number)) for number in range(3)]
    with pytest.raises(Hostile, match="of memory"):
        [little.add(file(b"/%d" % number)) for number in range(20)]


def test_a_fresh_look_is_taken_and_another_type_is_not() -> None:
    tree = tree_of(file(b"/a"))
    node = at(tree, b"/a")

    tree.update(node, mode=stat.S_IFREG | 0o600, owner=(8, 9), size=5, mtime_ns=6, ctime_ns=7)

    assert (tree.mode(node), tree.size(node), tree.mtime_ns(node), tree.ctime_ns(node)) == (0o100600, 5, 6, 7)
    assert (tree.uid(node), tree.gid(node)) == (8, 9)
    with pytest.raises(Hostile):
        tree.update(node, mode=FOLDER, owner=(0, 0), size=0, mtime_ns=0, ctime_ns=0)


@given(st.lists(st.binary(min_size=1, max_size=6).filter(lambda name: not {b"/"[0], 0} & {*name}), unique=True))
def test_any_set_of_names_is_found_again(names: list[bytes]) -> None:
    names = [name for name in names if name not in (b".", b"..")]
    tree = tree_of(folder(b"/d"), *(file(b"/d/" + name, number) for number, name in enumerate(names)))

    parent = at(tree, b"/d")
    assert [tree.name(node) for node in tree.children(parent)] == names
    assert [tree.lookup(parent, name) for name in names] == list(tree.children(parent))


def test_thousands_of_names_are_found_again() -> None:
    names = [b"/%d" % number for number in range(5000)]
    tree = tree_of(*(file(name, number) for number, name in enumerate(names)))

    assert [tree.path(at(tree, name)) for name in names] == names
