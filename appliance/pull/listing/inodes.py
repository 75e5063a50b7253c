"""The inode numbers that are shown: one file system stands for all of the client's, so they must differ across them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Mapping

# The root's file system keeps its numbers, which are far below; those of others have this bit.
_OTHERS = 1 << 63


def show_inodes(
    inodes: array[int],
    devices: array[int],
    parents: array[int],
    *,
    path: Callable[[int], bytes],
    has_links: Callable[[int], bool],
) -> None:
    """Replace every inode number by the one to show: the same from run to run, and one for each file.

    A device number may change with every boot of the client, so a file system goes by the path where it begins. Its
    numbers are moved as a whole, which keeps their order: that is the order in which its disk is read best.
    """
    root = devices[1]
    if devices.count(root) == len(devices) - 1:
        return
    offsets = _offsets(devices, parents, path)
    # Only files with several names must never be taken for each other; a clash of others does no harm.
    taken: dict[int, tuple[int, int]] = {}
    moved: dict[tuple[int, int], int] = {}
    for node in range(1, len(inodes)):
        device, number = devices[node], inodes[node]
        if device == root and number < _OTHERS:
            continue
        identity = (device, number)
        if device != root:
            number = _OTHERS | ((number + offsets[device]) & (_OTHERS - 1))
        number = moved.get(identity, number)
        if has_links(node):
            while taken.setdefault(number, identity) != identity:
                number = moved[identity] = _OTHERS | _digest(b"%d %d" % identity, number)
        inodes[node] = number


def _offsets(devices: array[int], parents: array[int], path: Callable[[int], bytes]) -> Mapping[int, int]:
    """Give each device a number made of where it begins, which is the first such path by name if there are several."""
    begins: dict[int, bytes] = {}
    for node in range(1, len(devices)):
        device = devices[node]
        if device != devices[parents[node]] or node == 1:
            place = path(node)
            begins[device] = min(begins.get(device, place), place)
    return {device: _digest(place) for device, place in begins.items()}


def _digest(text: bytes, salt: int = 0) -> int:
    digest = hashlib.blake2b(text, digest_size=8, salt=salt.to_bytes(8, "big")).digest()
    return int.from_bytes(digest, "big") & (_OTHERS - 1)
