"""The names of a tree: one run of bytes, and a table that finds the child of that name."""

from __future__ import annotations

from array import array
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from appliance.pull.listing.entry import LONGEST_NAME, Hostile

if TYPE_CHECKING:
    from collections.abc import Sequence

# The first node there is.
FIRST = 1
# Odd, so that equal names in many folders (index.html) are spread over the table.
_SPREAD = 0x9E3779B1
_SMALLEST = 1 << 10
_LARGE = 1 << 20
_LARGEST_BYTES = (1 << 32) - 1


class Names:
    """Node → name, and (parent, name) → node. Node 0 is nobody's, and stands for "none" in the table.

    Open addressing: six to twelve bytes a node, where a dictionary takes two hundred. Python's own hash of bytes is
    keyed with a secret of this process, so nobody can choose names that collide.
    """

    def __init__(self) -> None:
        """Begin with nothing but node 0."""
        self.parents = array("I", [0])
        self._text = bytearray()
        self._starts = array("I", [0, 0])
        self._table = array("I", bytes(4 * _SMALLEST))
        self._mask = _SMALLEST - 1

    def __len__(self) -> int:
        """How many nodes there are, node 0 among them."""
        return len(self.parents)

    @property
    def text_bytes(self) -> int:
        """How many bytes all names have."""
        return len(self._text)

    def append(self, parent: int, name: bytes) -> int:
        """Give the next node that name below that parent; raises Hostile for a second one of the same name."""
        self.extend([parent], [name])
        return len(self.parents) - 1

    def extend(self, parents: Sequence[int], names: Sequence[bytes]) -> None:
        """Give the next nodes these names; a parent may be one of them that comes before. Raises Hostile."""
        lengths = list(map(len, names))
        text = b"".join(names)
        if (
            b"/" in text
            or b"\0" in text
            or not all(lengths)
            or max(lengths, default=0) > LONGEST_NAME
            or _has_dots(names)
        ):
            raise Hostile(f"the listing has a name that no file can have: {shown(next(filter(_is_wrong, names)))}")
        first = len(self.parents)
        self._make_room(first + len(names), len(text))
        self.parents.extend(parents)
        self._starts.extend(islice(accumulate(lengths, initial=len(self._text)), 1, None))
        self._text += text
        table, mask, slot_of = self._table, self._mask, self._slot
        for node, (parent, name) in enumerate(zip(parents, names, strict=True), first):
            slot = (hash(name) + parent * _SPREAD) & mask
            # Most places are free at once; only a taken one is worth a call.
            if table[slot] and table[slot := slot_of(parent, name)]:
                raise Hostile(f"the listing has the same name twice in one folder: {shown(name)}")
            table[slot] = node

    def append_root(self) -> None:
        """Make node 1, which has no name."""
        self.parents.append(0)
        self._starts.append(0)
        self._table[self._slot(0, b"")] = FIRST

    def lookup(self, parent: int, name: bytes) -> int | None:
        """Find the child of that name."""
        return self._table[self._slot(parent, name)] or None

    def name(self, node: int) -> bytes:
        """The name."""
        return bytes(self._text[self._starts[node] : self._starts[node + 1]])

    def _make_room(self, nodes: int, more_text: int) -> None:
        if len(self._text) + more_text > _LARGEST_BYTES:
            raise Hostile("the names in the listing are longer than 4 GiB together")
        while 3 * nodes > 2 * self._mask:
            self._grow()

    def _slot(self, parent: int, name: bytes) -> int:
        """Where it stands, or the free place where it would."""
        table, mask, parents, starts, text = self._table, self._mask, self.parents, self._starts, self._text
        length = len(name)
        slot = (hash(name) + parent * _SPREAD) & mask
        while node := table[slot]:
            if parents[node] == parent:
                start = starts[node]
                if starts[node + 1] - start == length and text.startswith(name, start):
                    return slot
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        size = len(self._table) * (4 if len(self._table) < _LARGE else 2)
        self._table, self._mask = array("I", bytes(4 * size)), size - 1
        table, mask, starts, text = self._table, self._mask, self._starts, self._text
        for node, parent in enumerate(self.parents):
            if node:
                slot = (hash(bytes(text[starts[node] : starts[node + 1]])) + parent * _SPREAD) & mask
                while table[slot]:
                    slot = (slot + 1) & mask
                table[slot] = node


def _has_dots(names: Sequence[bytes]) -> bool:
    return b"." in names or b".." in names


def _is_wrong(name: bytes) -> bool:
    return not 0 < len(name) <= LONGEST_NAME or b"/" in name or b"\0" in name or name in (b".", b"..")


def shown(name: bytes) -> str:
    """Write a client's name for an operator: short, and nothing in it that a terminal would obey."""
    text = name[:LONGEST_NAME].decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text) or "(empty)"
