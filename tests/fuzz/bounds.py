"""What a fuzzed tree may take, so that a reader which forgets its bounds is seen at once, and not at a gigabyte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.pull.listing.request import request_for
from appliance.pull.listing.tree import ROOT, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable

ENTRIES, BYTES = 2000, 1 << 20
# What the seeds are listings of.
PATH = "/srv/tree"
REQUESTS = (request_for(["/"]), request_for([PATH]))
# As long as the smallest thing whose time by its square nobody would wait for.
_LONG = 1 << 16


def small_tree() -> Tree:
    """Return an empty tree with little room."""
    return Tree(limit_entries=ENTRIES, limit_bytes=BYTES)


def nodes(tree: Tree) -> Iterable[int]:
    """Every node there is."""
    return range(ROOT, len(tree) + ROOT)


def repeated(data: bytes) -> bytes:
    """Repeat what stands behind the first NUL until it is long; without a NUL it stays as it is.

    What takes time by the square of its length is then found by inputs that are short.
    """
    head, _, rest = data.partition(b"\0")
    return head + rest * (_LONG // len(rest)) if rest else head
