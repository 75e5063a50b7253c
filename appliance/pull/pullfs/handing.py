"""Small files are handed to the kernel before Borg reads them, so that it finds them as it finds files of a disk.

A read that the kernel can answer alone wakes nobody: where Borg waits for us at every file, and we for Borg, both
processors are idle half of the time.

The kernel waits without end, and cannot be made to stop, for a page that somebody reads and that we have not answered
yet (fs/fuse/dev.c, fuse_notify_store): who gives it that page instead of the answer is never seen again. So files are
handed over at one moment only: while Borg, which does one thing at a time, waits for the next names of their folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from appliance.pull.pullfs.transfer import Wanted

if TYPE_CHECKING:
    from appliance.pull.pullfs.transfer import Transfer

# What one READ would bring: of more the kernel asks for the next part while Borg has the one before.
_LARGEST_BYTES = 1 << 17
# Every so manieth file is left to be asked for: by that it shows how far Borg has come.
_SIGNPOST = 64
_PAGE_BYTES = 4096


class PageCache(Protocol):
    """The kernel's memory of what files hold."""

    def store(self, node: int, parts: list[memoryview]) -> bool:
        """Give it a whole file; returns whether it took it: it takes none whose entry it has not."""


def hand(transfer: Transfer, kernel: PageCache) -> int:
    """Hand a file over if it is one for that; returns how much memory it takes there, in bytes; 0 if it was not handed.

    Only what was fetched as a whole and is still the file that was listed, and what nobody has begun to read.
    """
    whole = Wanted(0, 0, transfer.size)
    is_one_for_that = (
        transfer.is_settled
        and not (transfer.is_begun or transfer.is_changed or transfer.error or transfer.handed)
        and 0 < transfer.size <= _LARGEST_BYTES
        and transfer.number % _SIGNPOST != 0
        and transfer.can_answer(whole)
    )
    if not (is_one_for_that and kernel.store(transfer.node, transfer.take(whole))):
        return 0
    return -(-transfer.size // _PAGE_BYTES) * _PAGE_BYTES
