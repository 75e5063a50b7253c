"""Words of a client that both ways to look at it read in the same way, and how much of each is kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_WORD = 300
MOST_VOLUMES = 200
_PRETTY = re.compile(r'^PRETTY_NAME="?([^"\n]*)"?$', re.MULTILINE)


def swap_files(lines: Iterable[str]) -> tuple[str, ...]:
    """Read the lines of /proc/swaps: only a file takes room among the files."""
    fields = (line.split() for line in lines)
    return tuple(
        words[0][:LONGEST_WORD] for words in fields if len(words) > 1 and words[1] == "file" and words[0][:1] == "/"
    )


def system_of(text: str) -> str:
    """Return how /etc/os-release calls the system; "" where it does not."""
    found = _PRETTY.search(text)
    return found[1][:LONGEST_WORD] if found else ""
