from __future__ import annotations

import stat

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.pull.listing.entry import Hostile
from appliance.pull.listing.read import MAGIC, Cut, NotOffered, Reader
from appliance.pull.listing.request import Item, Request, request_for
from appliance.pull.listing.tree import Tree
from appliance.pull.pullfs.order import node_of, reading_order

ALL = Request(items=(Item(path=b"/", whole=True),))
TWO = request_for(["/a/b", "/c"])


def entry(
    depth: object,
    name: bytes,
    kind: bytes = b"f",
    *,
    item: object = 0,
    size: object = 5,
    inode: object = 7,
    mtime: bytes = b"1.5000000000",
    target: bytes = b"",
    readable: bytes = b"r",
    mode: bytes = b"644",
) -> bytes:
    numbers = (b"0", b"1", b"%s" % str(size).encode(), b"1", str(inode).encode(), b"66", b"8")
    head = (str(item).encode(), str(depth).encode(), name, kind, mode)
    return b"\0".join((*head, *numbers, mtime, b"2.0000000010", target, readable, b""))


ROOT = entry(0, b"/", b"d")


def end(said: bytes = b"", attributes: bytes = b"", code: int = 0) -> bytes:
    return b"end\0\0" + said + b"\0" + attributes + b"\0done %d\0" % code


def whole(*entries: bytes, tool: bytes = b"find", tail: bytes | None = None) -> bytes:
    return MAGIC + tool + b"\0none\0" + b"".join(entries) + (end() if tail is None else tail)


def read(said: bytes, request: Request = ALL, *, piece: int = 1 << 20, tree: Tree | None = None) -> Tree:
    tree = Tree() if tree is None else tree
    reader = Reader(request, tree)
    for start in range(0, len(said), piece):
        reader.feed(said[start : start + piece])
    reader.close()
    return tree


def at(tree: Tree, path: bytes) -> int:
    node = tree.find(path)
    assert node is not None
    return node


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_a_listing_may_come_in_any_pieces(piece: int) -> None:
    said = b"Welcome!\n" + whole(
        ROOT,
        entry(1, b"d", b"d"),
        entry(2, b"x\n"),
        entry(1, b"l", b"l", target=b"../y"),
        entry(1, b"no", readable=b"u"),
        entry(1, b"null", b"c", inode=9),
        tail=end(
            b"66 9 1 3\nfind: '/d/gone': No such file or directory\nfind: '/d/x\\n': Input/output error\n",
            b"# file: /d/x\\012\nuser.a\\075b=0x00ff\nuser.none\n\n# file: /vanished\nuser.x=0x00\n\n",
        ),
    )

    tree = read(said, piece=piece)

    node = at(tree, b"/d/x\n")
    assert (tree.mode(node), tree.size(node), tree.gid(node)) == (stat.S_IFREG | 0o644, 5, 1)
    assert (tree.mtime_ns(node), tree.ctime_ns(node)) == (1_500_000_000, 2_000_000_001)
    assert tree.target(at(tree, b"/l")) == b"../y"
    assert not tree.is_readable(at(tree, b"/no"))
    assert not tree.is_readable(node)
    assert tree.rdev(at(tree, b"/null")) == 259
    assert tree.xattrs(node) == {b"user.a=b": b"\0\xff", b"user.none": b""}
    assert len(tree) == 6


def test_what_could_not_be_looked_at_is_there_and_unreadable() -> None:
    tree = read(whole(ROOT, entry(1, b"run", b"d"), tail=end(b"find: '/run/gvfs': Permission denied\n")))

    assert not tree.is_readable(at(tree, b"/run/gvfs"))
    assert stat.S_ISREG(tree.mode(at(tree, b"/run/gvfs")))
    # Of an empty file the kernel asks for nothing, so nobody could refuse.
    assert tree.size(at(tree, b"/run/gvfs")) > 0


def test_what_is_said_beside_the_listing_is_no_complaint() -> None:
    noise = b"ERROR: ld.so: object 'x.so' from /etc/ld.so.preload cannot be preloaded: ignored.\nfind: WARNING: slow\n"

    assert len(read(whole(ROOT, tail=end(noise)))) == 1


def test_paths_come_with_what_leads_to_them() -> None:
    tree = read(
        whole(
            entry(0, b"/", b"d", item=0),
            entry(0, b"a", b"d", item=1),
            entry(0, b"b", b"d", item=2),
            entry(1, b"x", item=2),
            entry(0, b"c", b"d", item=3),
            entry(1, b"x", item=3),
        ),
        TWO,
    )

    assert [tree.path(node) for node in range(1, 7)] == [b"/", b"/a", b"/a/b", b"/a/b/x", b"/c", b"/c/x"]


def test_what_lies_beyond_a_link_on_the_way_is_not_taken_for_a_lie_and_not_reached() -> None:
    through_a_link = (entry(0, b"/", b"d", item=0), entry(0, b"a", b"l", item=1, target=b"/c"))

    tree = read(whole(*through_a_link, entry(0, b"b", b"d", item=2), entry(1, b"x", item=2)), request_for(["/a/b"]))

    assert (tree.target(at(tree, b"/a")), node_of(tree, "/a/b")) == (b"/c", None)
    assert list(reading_order(tree, ["/a/b"])) == []
    with pytest.raises(Hostile):
        # No link leads to a path that was not asked for.
        read(whole(ROOT, entry(1, b"a", b"l", target=b"/c"), entry(2, b"b", b"d")))


@pytest.mark.parametrize(
    "entries",
    [
        [ROOT, entry(2, b"x")],
        [ROOT, entry(1, b"f"), entry(2, b"x")],
        [ROOT, entry(1, b"x"), entry(1, b"x")],
        [ROOT, ROOT],
        [ROOT, entry(0, b"x", item=1)],
        [ROOT, entry(1, b"x", item=1)],
        [entry(0, b"x", b"d")],
        [entry(1, b"x")],
        [ROOT, entry(1, b"..", b"d")],
        [ROOT, entry(1, b".", b"d")],
        [ROOT, entry(1, b"")],
        [ROOT, entry(1, b"a/b")],
        [ROOT, entry(1, b"n" * 256)],
        [ROOT, entry(-1, b"x")],
        [ROOT, entry(b"", b"x")],
        [ROOT, entry(1, b"x", b"D")],
        [ROOT, entry(1, b"x", mode=b"9")],
        [ROOT, entry(1, b"x", mode=b"777777777777")],
        [ROOT, entry(1, b"x", size=-1)],
        [ROOT, entry(1, b"x", size=2**64)],
        [ROOT, entry(1, b"x", size="9" * 5000)],
        [ROOT, entry(1, b"x", size="")],
        [ROOT, entry(1, b"x", size="1 2")],
        [ROOT, entry(1, b"x", inode="x")],
        [ROOT, entry(1, b"x", mtime=b"1")],
        [ROOT, entry(1, b"x", mtime=b"1.5")],
        [ROOT, entry(1, b"x", mtime=b"1 1.5000000000")],
        [ROOT, entry(1, b"x", mtime=b"x.5000000000")],
        [ROOT, entry(1, b"x", b"l", target=b"t" * 4096)],
        [ROOT, *(entry(depth, b"d", b"d") for depth in range(1, 2100))],
    ],
)
def test_what_no_honest_client_says_is_refused(entries: list[bytes]) -> None:
    with pytest.raises(Hostile):
        read(whole(*entries))


@pytest.mark.parametrize(
    "tail",
    [
        end() + b"more",
        b"end\0link\0to\0\0" + b"x" * (17 << 20),
        end(attributes=b"user.a=0x00\n\n"),
        end(attributes=b"# file: /\nuser.a=0x0\n\n"),
        end(attributes=b"# file: /\nuser.a=\xff\n\n"),
        end(attributes=b"# file: /\n=0x00\n\n"),
        end(attributes=b"# file: /\n" + b"n" * 256 + b"=0x00\n\n"),
        end(attributes=b"# file: /\nuser.a=0x" + b"00" * 65537 + b"\n\n"),
        end(attributes=b"# file: /\nuser.a=0x00"),
        end(attributes=b"# file: /\\777\n\n"),
        b"n" * 9000,
    ],
)
def test_an_end_that_no_honest_client_says_is_refused(tail: bytes) -> None:
    with pytest.raises(Hostile):
        read(whole(ROOT, tail=tail))


def test_a_name_that_does_not_end_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(Hostile, match="does not end"):
        read(whole(ROOT, tail=b"n" * 100_000), piece=4096)


def test_long_attributes_may_begin_in_the_piece_that_ends_the_entries() -> None:
    attributes = b"".join(b"# file: /%d\nuser.a=0x%s\n\n" % (number, b"ff" * 5000) for number in range(3))
    said = whole(ROOT, *(entry(1, b"%d" % number) for number in range(3)), tail=end(attributes=attributes))

    for piece in (4096, len(said) - 9):
        tree = read(said, piece=piece)
        assert tree.xattrs(at(tree, b"/2")) == {b"user.a": b"\xff" * 5000}


def test_a_complaint_full_of_quotes_takes_no_longer_than_others() -> None:
    # Two quotes that end nowhere would be half a million starts of a path, and each was followed to the end.
    complaints = (b"find: " + b"\\'" * 500_000, b"find: " + b"'\\" * 500_000, b"find: " + b"' " * 500_000)

    for complaint in complaints:
        with pytest.raises(Cut):
            read(whole(ROOT, tail=end(complaint + b"\n")))


@pytest.mark.parametrize("missing", [1, 2, 8, 9, 12, 20, 50, 90])
def test_a_listing_that_ends_in_the_middle_is_cut(missing: int) -> None:
    with pytest.raises(Cut):
        read(whole(ROOT, entry(1, b"x"))[:-missing])


@pytest.mark.parametrize(
    "tail",
    [
        end(b"exit: 137\n"),
        end(b"Traceback (most recent call last):\nexit: 3\n"),
        end(b"find: cannot get current directory\n"),
        end(b"find: '/not/listed/x': Input/output error\n"),
        end(code=3),
    ],
)
def test_a_listing_that_says_itself_that_it_is_not_whole_is_cut(tail: bytes) -> None:
    with pytest.raises(Cut):
        read(whole(ROOT, tail=tail))


@pytest.mark.parametrize("said", [b"", b"\0\0\0\x05\x02\0\0\0\x03", b"x" * 70000, MAGIC + b"none\0none\0"])
def test_a_client_that_says_something_else_does_not_list(said: bytes) -> None:
    with pytest.raises(NotOffered):
        read(said)


def test_a_tool_that_is_not_known_is_refused() -> None:
    with pytest.raises(Hostile, match="not known"):
        read(whole(ROOT, tool=b"evil"))


def test_absurd_times_are_brought_to_the_first_and_last_that_can_be_told() -> None:
    tree = read(
        whole(
            ROOT,
            entry(1, b"late", mtime=b"99999999999999.0000000000"),
            entry(1, b"early", mtime=b"-99999999999999.0000000000"),
        )
    )

    assert tree.mtime_ns(at(tree, b"/late")) == 2**63 - 1
    assert tree.mtime_ns(at(tree, b"/early")) == -(2**63)


def test_busybox_is_read_line_by_line() -> None:
    line = b"%s 0 0 5 1 %d 66 8 %s 1700000000 1700000001|2023-11-14 22:13:20.123456789 +0000|x.000000001|%s//\n"
    said = (
        MAGIC
        + b"busybox\0none\0"
        + b"".join(
            (
                line % (b"41ed", 2, b"0 0", b"/"),
                line % (b"a1ff", 3, b"0 0", b"/l'\n"),
                line % (b"a1ff", 4, b"0 0", b"/gone"),
                line % (b"2180", 5, b"103 11170", b"/dev"),
                b"end\0/l'\n\0../\n//\n\0\0\0\0done 0\0",
            )
        )
    )

    for piece in (1, 1000):
        tree = read(said, piece=piece)
        link = at(tree, b"/l'\n")
        assert tree.target(link) == b"../\n//\n"
        assert tree.is_readable(link)
        assert not tree.is_readable(at(tree, b"/gone"))
        assert tree.mtime_ns(link) == 1_700_000_000_123_456_789
        assert tree.ctime_ns(link) == 1_700_000_001_000_000_001
        assert tree.rdev(at(tree, b"/dev")) == 286327664


@pytest.mark.parametrize("path", [b"/a/", b"//a", b"a", b"/a|\0", b"/missing/a", b"/.."])
def test_a_line_of_busybox_that_is_none_is_refused(path: bytes) -> None:
    line = b"41ed 0 0 5 1 2 66 8 0 0 1 1|x|x|%s//\n"

    with pytest.raises((Hostile, Cut)):
        read(MAGIC + b"busybox\0none\0" + line % b"/" + line % path + end())


@pytest.mark.parametrize("device", [b"1000 0", b"0 100000", b"80011111 178"])
def test_a_device_of_a_number_that_no_device_has_is_refused(device: bytes) -> None:
    line = b"2180 0 0 5 1 2 66 8 %s 1 1|x|x|%s//\n"

    with pytest.raises(Hostile, match="no device has"):
        read(MAGIC + b"busybox\0none\0" + line % (device, b"/") + end())
    with pytest.raises(Hostile, match="no device has"):
        read(whole(ROOT, tail=end(b"66 7 " + device + b"\n")))


def test_a_listing_has_a_bound() -> None:
    many = [entry(1, b"%d" % number) for number in range(300)]

    with pytest.raises(Hostile, match="more than 200 entries"):
        read(whole(ROOT, *many), tree=Tree(limit_entries=200))
    with pytest.raises(Hostile, match="of memory"):
        read(whole(ROOT, *many), tree=Tree(limit_bytes=20000))


PARTS = st.sampled_from(
    [ROOT, entry(1, b"d", b"d"), entry(2, b"x"), entry(1, b"l", b"l"), b"end\0", b"\0", b"done 0\0", b"66 7 1 1\n"]
)
NOISE = st.one_of(PARTS, st.binary(max_size=40), st.sampled_from([b"# file: /\n", b"user.a=0x00\n", b"//\n", MAGIC]))


@given(st.lists(NOISE, max_size=30), st.integers(1, 60), st.sampled_from([b"find", b"busybox", b"python3"]))
@example([], 1, b"find")
def test_whatever_a_client_says_ends_in_a_tree_or_a_refusal(parts: list[bytes], piece: int, tool: bytes) -> None:
    tree = Tree(limit_entries=50)

    try:
        read(MAGIC + tool + b"\0none\0" + b"".join(parts), piece=piece, tree=tree)
    except (Hostile, Cut):
        return
    for node in range(1, len(tree) + 1):
        path = tree.path(node)
        assert tree.find(path) == node
        assert b".." not in path.split(b"/")


@given(st.binary(max_size=300), st.integers(0, 400))
def test_a_whole_listing_with_anything_within_it_ends_in_a_tree_or_a_refusal(noise: bytes, place: int) -> None:
    said = whole(ROOT, entry(1, b"d", b"d"), entry(2, b"x"), tail=end(b"66 7 1 3\n", b"# file: /d\nuser.a=0x00\n\n"))

    try:
        read(said[:place] + noise + said[place:])
    except (Hostile, Cut):
        return


@pytest.mark.parametrize(
    ("paths", "excludes", "text"),
    [
        (["/"], ["/proc", "sys/", "pp:/sys/", "re:^dev", "/a*", "fm:/run"], b"/proc /run /sys|all /"),
        (["/a", "/a/b", "/c/d"], [], b"|one /|all /a|one /c|all /c/d"),
        (["/a-b", "/a/b"], [], b"|one /|one /a|all /a/b|all /a-b"),
        (["/a/b"], ["/a", "/a/b", "/a/b/c"], b"/a/b/c|one /|one /a|all /a/b"),
        (["/"], ["/", ".", "sh:**/x", "pf:/x", "/a\\b", "/a[b"], b"|all /"),
    ],
)
def test_a_request_names_paths_what_leads_there_and_plain_excludes(
    paths: list[str], excludes: list[str], text: bytes
) -> None:
    request = request_for(paths, excludes)

    items = (b"%s %s" % (b"all" if item.whole else b"one", item.path) for item in request.items)
    assert b"|".join((b" ".join(request.prunes), *items)) == text


def test_letters_of_patterns_in_a_prune_stand_for_themselves() -> None:
    assert b"prune /a\\*\\[\\?\\]\\\\" in Request(items=(), prunes=(b"/a*[?]\\",)).to_bytes()
