"""Where the entries of a listing belong: they come as find walks, with their depth, and no path is ever looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.pull.listing.columns import DEPTH, ITEM, NAME, READABLE, TARGET, TYPE, WIDTH, places_of, read_fields
from appliance.pull.listing.entry import LONGEST_PATH, Hostile
from appliance.pull.listing.names import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appliance.pull.listing.request import Request
    from appliance.pull.listing.tree import Tree

# No path of LONGEST_PATH can be deeper.
_DEEPEST = LONGEST_PATH // 2


class Placing:
    """Puts entries into the tree, below what was asked for and nowhere else."""

    def __init__(self, request: Request, tree: Tree) -> None:
        """Begin before the first item of the request."""
        self._request, self._tree = request, tree
        # The last entry at each depth below the item; of the last one the item and its depth.
        self._folders = [0] * (_DEEPEST + 1)
        self._last = (0, -1)
        self._devices: dict[tuple[int, int], list[int]] = {}

    def take(self, fields: list[bytes]) -> None:
        """Take whole entries, WIDTH fields each; raises Hostile."""
        if not fields:
            return
        columns = [fields[place::WIDTH] for place in range(WIDTH)]
        first = len(self._tree) + 1
        self._place(columns[ITEM], columns[DEPTH], columns[NAME])
        numbers = read_fields(columns)
        self._tree.extend(numbers)
        for place in places_of(b"l", columns[TYPE]):
            self._tree.set_target(first + place, columns[TARGET][place])
        for place in places_of(b"u", columns[READABLE]):
            self._tree.mark_unreadable(first + place)
        for kind in (b"b", b"c"):
            for place in places_of(kind, columns[TYPE]):
                where = (numbers.device[place], numbers.inode[place])
                self._devices.setdefault(where, []).append(first + place)

    def name_devices(self, devices: Mapping[tuple[int, int], int]) -> None:
        """Say which devices the device files are, that go by where they lie and their inode number."""
        for where, rdev in devices.items():
            for node in self._devices.get(where, ()):
                self._tree.set_rdev(node, rdev)

    def _place(self, items: Sequence[bytes], depths: Sequence[bytes], names: Sequence[bytes]) -> None:
        """Find each entry's folder: the last one that stood one level above it. What begins an item has its own."""
        begin = 0
        for place in [*places_of(b"0", depths), len(depths)]:
            if place > begin:
                self._place_run(items[begin:place], depths[begin:place], names[begin:place])
            if place < len(depths):
                self._begin_item(items[place], names[place])
            begin = place + 1

    def _place_run(self, items: Sequence[bytes], depths: Sequence[bytes], names: Sequence[bytes]) -> None:
        item, last = self._last
        if set(items) != {b"%d" % item} or last < 0 or not self._request.items[item].whole:
            raise Hostile("the listing has entries of something that was not asked for")
        folders, node, parents = self._folders, len(self._tree) + 1, []
        try:
            for depth in map(int, depths):
                if not 0 < depth <= last + 1:
                    raise Hostile("the listing has an entry below a folder that it does not have")
                parents.append(folders[depth - 1])
                folders[depth] = node
                last = depth
                node += 1
        except (ValueError, IndexError) as error:
            raise Hostile("the listing has an entry that is deeper than one can be") from error
        self._last = item, last
        self._tree.place(parents, names)

    def _begin_item(self, text: bytes, name: bytes) -> None:
        if not text.isdigit() or len(text) > len(str(len(self._request.items))) or self._is_over(int(text)):
            raise Hostile("the listing has something that was not asked for, or again")
        number = int(text)
        path = self._request.items[number].path
        folder, _, last = path.rpartition(b"/")
        if (last or b"/") != name:
            raise Hostile(f"the listing has {shown(name)} in the place of {shown(path)}")
        if path == b"/":
            node = self._tree.place_root()
        else:
            parent = self._tree.find(folder or b"/")
            if parent is None:
                raise Hostile(f"the listing has {shown(path)}, and not the folder that it is in")
            node = self._tree.place([parent], [name])
        self._folders[0] = node
        self._last = number, 0

    def _is_over(self, number: int) -> bool:
        last, depth = self._last
        return number >= len(self._request.items) or number < last or (number == last and depth >= 0)
