"""Many numbers of 64 bits, and whether one is among them, in little memory."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SMALLEST = 1 << 4


class Signatures:
    """A table with open addressing: 12 to 24 bytes a number, where a set of Python's takes about eighty.

    The numbers are hashes, so they are spread over the table as they are.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        """Take them in."""
        size = _SMALLEST
        while 2 * size < 3 * len(numbers):
            size *= 2
        self._table, self._mask = array("q", bytes(8 * size)), size - 1
        # 0 is a free place.
        self._has_zero = 0 in numbers
        table, mask = self._table, self._mask
        for number in numbers:
            slot = number & mask
            while table[slot] and table[slot] != number:
                slot = (slot + 1) & mask
            table[slot] = number

    def __contains__(self, number: int) -> bool:
        """Whether it is one of them."""
        if not number:
            return self._has_zero
        table, mask = self._table, self._mask
        slot = number & mask
        while table[slot]:
            if table[slot] == number:
                return True
            slot = (slot + 1) & mask
        return False
