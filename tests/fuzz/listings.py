"""The readers of a listing, fed with anything: it ends in a tree that the kernel can be told, or in a refusal."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING
from zlib import crc32

from appliance.pull.listing import stat_lines
from appliance.pull.listing.attributes import Attributes
from appliance.pull.listing.columns import WIDTH, read_fields
from appliance.pull.listing.entry import LONGEST_PATH, Entry, Hostile
from appliance.pull.listing.holes import read_holes
from appliance.pull.listing.placing import Placing
from appliance.pull.listing.read import MAGIC, Cut, NotOffered, Reader
from appliance.pull.listing.tail import read_tail
from appliance.pull.pullfs import answers, words
from appliance.pull.pullfs.client_listing import Listed
from appliance.pull.pullfs.order import reading_order
from tests.fuzz.bounds import BYTES, REQUESTS, nodes, repeated, small_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.pull.listing.request import Request
    from appliance.pull.listing.tree import Tree

_ROOM = 4096
_PIECE, _HOLES_SIZE = 10, 105
_XATTRS_ROOM = 1 << 20


def listing(data: bytes) -> None:
    """Read a whole listing, in one piece and in others, which must come to the same.

    The first byte says what was asked for. Which pieces, two or many of one size, changes with every other byte.
    """
    request, said = REQUESTS[(data[:1] or b"\0")[0] & 1], data[1:]
    chance = crc32(said)
    size = 4 ** (chance >> 1 & 7) if chance & 1 else 1 + len(said) * (chance >> 1 & 63) // 64
    whole = _read(request, [said])
    pieces = _read(request, [said[start : start + size] for start in range(0, len(said), size)])
    assert whole == pieces, f"in one piece {whole}, in pieces of {size} bytes {pieces}"


def _read(request: Request, pieces: Iterable[bytes]) -> object:
    """Return what came of it: a value that is equal where the same came of it."""
    tree = small_tree()
    reader = Reader(request, tree)
    try:
        for piece in pieces:
            reader.feed(piece)
        reader.close()
    except NotOffered:
        # With `auto` this one is no failure: the client is then listed by SFTP.
        return "not offered"
    except (Hostile, Cut):
        return "refused"
    told = Listed(tree=tree, tool=reader.tool, lists_xattrs=reader.attribute_tool != "none").told()
    assert words.read(words.line(words.READY, told)) == words.Said(words.READY, told)
    assert words.read_ready(told).count == len(tree)
    tell_the_kernel(tree)
    return [(tree.path(node), answers.packed(tree, node), dict(tree.xattrs(node))) for node in nodes(tree)]


def tell_the_kernel(tree: Tree) -> None:
    """Ask a finished tree all that a kernel asks; every file must have its one path, and every number fit."""
    read = list(reading_order(tree, ("/",)))
    assert len(read) == len(set(read)), "a file is read twice"
    for node in nodes(tree):
        path = tree.path(node)
        assert tree.find(path) == node
        assert ".." not in path.decode("latin-1").split("/")
        answers.attributes(tree, node)
        answers.look_up(tree, node, b"a")
        if stat.S_ISLNK(tree.mode(node)):
            assert 0 < len(_target(tree, node)) < LONGEST_PATH
        answers.entries(tree, tree.children(node), 0, _ROOM)
        answers.names(tree, tree.children(node), 0, _ROOM)
        if tree.has_xattrs:
            answers.xattr_names(tree, node, _XATTRS_ROOM)


def _target(tree: Tree, node: int) -> bytes:
    """Ask where a link leads; one that leads nowhere is refused, and then only."""
    try:
        return answers.target(tree, node)
    except answers.RefusedError:
        assert not tree.target(node)
        return b"refused"


def stat_line(data: bytes) -> None:
    """Read lines of busybox's stat, each into a tree."""
    tree = small_tree()
    tree.add(Entry(path=b"/", mode=stat.S_IFDIR | 0o755))
    try:
        lines, _, _ = stat_lines.taken(repeated(data))
        for line in lines:
            tree.add(stat_lines.read(line))
        tree.finish()
    except Hostile:
        return
    tell_the_kernel(tree)


def told_holes(data: bytes) -> None:
    """Read what a client says of the holes of one file; no piece behind its end is one."""
    tree = small_tree()
    tree.add(Entry(path=b"/", mode=stat.S_IFDIR | 0o755))
    tree.add(Entry(path=b"/x", mode=stat.S_IFREG | 0o644, size=_HOLES_SIZE))
    tree.finish()
    try:
        found = read_holes(MAGIC + data, tree, _PIECE)
    except Hostile:
        return
    for told in found.values():
        behind = [told.behind(piece) for piece in range(_HOLES_SIZE // _PIECE + 1)]
        assert all(piece <= after <= -(-_HOLES_SIZE // _PIECE) for piece, after in enumerate(behind))


def columns(data: bytes) -> None:
    """Read whole entries, sixteen fields each: as numbers alone, and into a tree."""
    fields = data.split(b"\0")
    fields = fields[: len(fields) // WIDTH * WIDTH]
    tree = small_tree()
    try:
        if fields:
            read_fields([fields[place::WIDTH] for place in range(WIDTH)])
        Placing(REQUESTS[1], tree).take(fields)
        tree.finish()
    except Hostile:
        return
    tell_the_kernel(tree)


def attributes(data: bytes) -> None:
    """Read extended attributes of a tree of two; what is kept of them must stay within its bounds."""
    tree = small_tree()
    tree.add(Entry(path=b"/", mode=stat.S_IFDIR | 0o755))
    tree.add(Entry(path=b"/x", mode=stat.S_IFREG | 0o644))
    reader = Attributes(tree)
    text = repeated(data)
    try:
        for start in range(0, len(text), _ROOM):
            reader.feed(text[start : start + _ROOM])
        reader.finish()
        tree.finish()
    except Hostile:
        return
    tell_the_kernel(tree)
    assert sum(len(name) + len(value) for node in nodes(tree) for name, value in tree.xattrs(node).items()) < 2 * BYTES


def tail(data: bytes) -> None:
    """Read the complaints at the end of a listing."""
    try:
        found = read_tail(repeated(data))
    except Hostile:
        return
    assert all(b"\n" not in line for line in found.other)


def said(data: bytes) -> None:
    """Read lines of the pipe through which a client's own text comes as well."""
    for line in data.decode("utf-8", "replace").split("\n"):
        heard = words.read(line)
        if heard is None:
            continue
        if heard.word == words.READY:
            words.read_ready(heard.note)
        if heard.word == words.LISTING:
            assert 0 <= int(heard.note) < 10**20
