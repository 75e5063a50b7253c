"""Extended attributes, ACLs among them, in the words of getfattr: `# file: PATH`, then a line for each, then none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.pull.listing.entry import Hostile
from appliance.pull.listing.tail import unescaped

if TYPE_CHECKING:
    from appliance.pull.listing.tree import Tree

# What Linux allows: a name, a value, and all of one file's names; the values of a file are not bounded together.
_LONGEST_NAME = 255
_LONGEST_VALUE = 64 << 10
_LARGEST_BLOCK = 16 << 20
_FILE = b"# file: "


class Attributes:
    """Takes the text in pieces and tells the tree; whatever is no longer in the tree is left out."""

    def __init__(self, tree: Tree) -> None:
        """Nothing is read yet."""
        self._tree = tree
        self._unread = b""

    def feed(self, text: bytes) -> None:
        """Read what is whole by now; raises Hostile."""
        *blocks, self._unread = (self._unread + text).split(b"\n\n")
        if len(self._unread) > _LARGEST_BLOCK:
            raise Hostile("the listing has a file with more extended attributes than one can have")
        for block in blocks:
            self._take(block)

    def finish(self) -> None:
        """Insist that nothing is left half said."""
        if self._unread:
            raise Hostile("the listing ends in the middle of extended attributes")

    def _take(self, block: bytes) -> None:
        first, *lines = block.split(b"\n")
        if not first.startswith(_FILE):
            raise Hostile("the listing has extended attributes of nothing")
        node = self._tree.find(unescaped(first[len(_FILE) :]))
        if node is not None and lines:
            self._tree.set_xattrs(node, tuple(sorted(_attribute(line) for line in lines)))


def _attribute(line: bytes) -> tuple[bytes, bytes]:
    escaped, _, text = line.partition(b"=")
    name = unescaped(escaped)
    if not 0 < len(name) <= _LONGEST_NAME or b"\0" in name:
        raise Hostile("the listing has an extended attribute without a name that it can have")
    try:
        value = bytes.fromhex(text.removeprefix(b"0x").removeprefix(b"0X").decode("ascii"))
    except ValueError as error:
        raise Hostile("the listing has an extended attribute whose value is not hexadecimal") from error
    if len(value) > _LONGEST_VALUE:
        raise Hostile("the listing has an extended attribute that is longer than one can be")
    return name, value
