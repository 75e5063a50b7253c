"""What a client says to its listing, read as it comes in: bounded, and either whole and true in form, or refused."""

from __future__ import annotations

import stat
from enum import Enum, auto
from typing import TYPE_CHECKING

from appliance.errors import BorgpullError
from appliance.pull.listing import stat_lines
from appliance.pull.listing.attributes import Attributes
from appliance.pull.listing.columns import WIDTH
from appliance.pull.listing.entry import LONGEST_PATH, Hostile
from appliance.pull.listing.names import shown
from appliance.pull.listing.placing import Placing
from appliance.pull.listing.tail import Tail, read_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.pull.listing.request import Request
    from appliance.pull.listing.tree import Tree

MAGIC = b"borgpull listing 1\n"
_TOOLS = (b"find", b"python3", b"perl", b"busybox")
_ATTRIBUTE_TOOLS = (b"getfattr", b"python3", b"none")
_END = b"end"
# A message of the day is shorter; a field is a name or where a link leads.
_LONGEST_GREETING = 64 << 10
_LONGEST_FIELD = 2 * LONGEST_PATH
_LONGEST_TAIL = 16 << 20
_PIECE = 1 << 20


class Cut(BorgpullError):  # noqa: N818 - what happened to the listing
    """The listing did not come to its end, or says itself that it is not whole; nothing of it may be used."""


class NotOffered(Cut):
    """The client does not list: its key runs something else, or it has no program that could."""


class _Part(Enum):
    """What comes next. In this order."""

    GREETING = auto()
    TOOL = auto()
    ATTRIBUTE_TOOL = auto()
    ENTRIES = auto()
    LINKS = auto()
    TAIL = auto()
    ATTRIBUTES = auto()
    DONE = auto()
    OVER = auto()


class Reader:
    """Feed it what comes in, then `close` it: the tree is then finished. Raises Hostile at once, and Cut at the end.

    `tool` is what listed the client, "" until that is known; `attribute_tool` what read extended attributes there:
    "none" says that nobody could, and that a file without any may well have some.
    """

    def __init__(self, request: Request, tree: Tree) -> None:
        """Read into an empty tree what answers this request."""
        self._tree, self._request = tree, request
        self._placing = Placing(request, tree)
        self._part = _Part.GREETING
        self._unread = b""
        self._fields: list[bytes] = []
        self._link: list[bytes] = []
        self._tail = Tail()
        self._attributes = Attributes(tree)
        self.tool = ""
        self.attribute_tool = ""

    @property
    def exact_times(self) -> bool:
        """Whether times are told to the nanosecond; perl tells a quarter of a microsecond, and seconds before 1970."""
        return self.tool != "perl"

    def feed(self, data: bytes) -> None:
        """Read some more; raises Hostile."""
        for start in range(0, len(data), _PIECE):
            self._unread += data[start : start + _PIECE]
            while self._step():
                pass

    def close(self) -> None:
        """Insist that all is there, and finish the tree; raises Cut and Hostile."""
        if self._part in (_Part.GREETING, _Part.TOOL, _Part.ATTRIBUTE_TOOL):
            raise NotOffered("the client does not run the program that lists its files")
        if self._part is not _Part.OVER:
            raise Cut("the listing of the client's files ended in the middle")
        if self._tail.other:
            raise Cut(f"the client could not list its files: {shown(self._tail.other[0])}")
        for path in self._tail.unseen:
            self._mark_unseen(path)
        found = (self._tree.find(item.path) for item in self._request.items if not item.whole)
        self._tree.finish([node for node in found if node is not None])

    def _step(self) -> bool:
        """Take the next part if it is there; returns whether more may be."""
        match self._part:
            case _Part.GREETING:
                return self._greeting()
            case _Part.ENTRIES:
                return self._stat_lines() if self.tool == "busybox" else self._entries()
            case _Part.ATTRIBUTES:
                return self._attribute_text()
            case _Part.OVER:
                if self._unread:
                    raise Hostile("the listing goes on after its end")
                return False
            case _:
                return self._field()

    def _greeting(self) -> bool:
        _, magic, rest = self._unread.partition(MAGIC)
        if magic:
            self._unread, self._part = rest, _Part.TOOL
        elif len(self._unread) > _LONGEST_GREETING:
            raise NotOffered("the client says something else than a listing of its files")
        return bool(magic)

    def _field(self) -> bool:
        """Take one field, of the parts that are made of few."""
        field, end, rest = self._unread.partition(b"\0")
        if len(field) > (_LONGEST_TAIL if self._part is _Part.TAIL else _LONGEST_FIELD):
            raise Hostile("the listing has a field that does not end")
        if not end:
            return False
        self._unread = rest
        match self._part:
            case _Part.TOOL if field == b"none":
                raise NotOffered(
                    "the client has no program that can list its files: neither GNU find, python3 nor perl"
                )
            case _Part.TOOL:
                self.tool, self._part = _known(field, _TOOLS), _Part.ATTRIBUTE_TOOL
            case _Part.ATTRIBUTE_TOOL:
                self.attribute_tool, self._part = _known(field, _ATTRIBUTE_TOOLS), _Part.ENTRIES
            case _Part.LINKS:
                self._take_link(field)
            case _Part.TAIL:
                self._take_tail(field)
            case _:
                if field != b"done 0":
                    raise Cut("the client could not read its files' extended attributes")
                self._part = _Part.OVER
        return True

    def _entries(self) -> bool:
        *fields, self._unread = self._unread.split(b"\0")
        fields = self._fields + fields if self._fields else fields
        whole = len(fields) // WIDTH * WIDTH
        firsts = fields[0::WIDTH]
        end = firsts.index(_END) * WIDTH if _END in firsts else -1
        self._placing.take(fields[: whole if end < 0 else end])
        if end < 0:
            # Not before: behind the end comes what is longer than a field, the attributes.
            if len(self._unread) > _LONGEST_FIELD:
                raise Hostile("the listing has a field that does not end")
            self._fields = fields[whole:]
            return False
        self._fields = []
        self._unread = b"\0".join([*fields[end + 1 :], self._unread])
        self._part = _Part.LINKS
        return True

    def _stat_lines(self) -> bool:
        lines, self._unread, is_over = stat_lines.taken(self._unread)
        for line in lines:
            entry = stat_lines.read(line)
            node = self._tree.add(entry)
            if stat.S_ISLNK(entry.mode):
                # Until its target has come, nobody can read it.
                self._tree.mark_unreadable(node)
        if is_over:
            self._part = _Part.LINKS
        elif len(self._unread) > _LONGEST_FIELD:
            raise Hostile("the listing has a field that does not end")
        return is_over

    def _take_link(self, field: bytes) -> None:
        if not self._link and not field:
            self._part = _Part.TAIL
        elif not self._link:
            self._link = [field]
        else:
            node = self._tree.find(self._link.pop())
            if node is not None and stat.S_ISLNK(self._tree.mode(node)):
                self._tree.set_target(node, field)
                self._tree.mark_readable(node)

    def _take_tail(self, field: bytes) -> None:
        self._tail = read_tail(field)
        self._placing.name_devices(self._tail.devices)
        self._part = _Part.ATTRIBUTES

    def _attribute_text(self) -> bool:
        text, end, self._unread = self._unread.partition(b"\0")
        self._attributes.feed(text)
        if end:
            self._attributes.finish()
            self._part = _Part.DONE
        return bool(end)

    def _mark_unseen(self, path: bytes) -> None:
        """Have Borg warn of it as it would there: it is there, and cannot be read."""
        node = self._tree.find(path)
        if node is None:
            parent = self._tree.find(path.rpartition(b"/")[0] or b"/")
            if parent is None:
                raise Cut(f"the client could not look at {shown(path)}, nor list the folder that it is in")
            node = self._tree.add_unseen(parent, path.rpartition(b"/")[2])
        self._tree.mark_unreadable(node)


def _known(field: bytes, words: Sequence[bytes]) -> str:
    if field not in words:
        raise Hostile(f"the listing was made by something that is not known here: {shown(field)}")
    return field.decode("ascii")
