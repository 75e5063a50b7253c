"""Asking the client where its large sparse files have holes, before they are read."""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING

from appliance.pull.execute import end
from appliance.pull.listing import holes
from appliance.pull.pullfs.client_listing import pipe_of, run_there
from appliance.pull.pullfs.pieces import PIECE_BYTES
from appliance.pull.pullfs.zeros import sparse_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from appliance.pull.execute import Process
    from appliance.pull.listing.tree import Tree

# Looking for holes reads nothing; where that takes longer, the files come as if nobody knew.
DEADLINE_SECONDS = 60
_CHUNK = 1 << 20


def told_holes(tree: Tree, is_expected: Callable[[int], bool], stderr: int) -> Mapping[int, holes.Holes]:
    """Return the holes of the files that Borg will probably read, as far as the client tells; raises Hostile.

    Where it does not, for it has no python3 or lets nobody in again, their zeros come over the line.
    """
    nodes = [node for node in sparse_files(tree) if is_expected(node)]
    if not nodes:
        return {}
    process = run_there(holes.request(map(tree.path, nodes[: holes.MOST_FILES])), stderr)
    return holes.read_holes(answer_of(process, DEADLINE_SECONDS), tree, PIECE_BYTES)


def answer_of(process: Process, seconds: float, longest: int = holes.LONGEST_ANSWER) -> bytes:
    """Return what it says until its end; b"" where that takes longer, or is more than so many bytes."""
    deadline = time.monotonic() + seconds
    source = pipe_of(process.stdout).fileno()
    said = bytearray()
    try:
        while select.select([source], [], [], max(0.0, deadline - time.monotonic()))[0]:
            chunk = os.read(source, _CHUNK)
            if not chunk:
                return bytes(said)
            said += chunk
            if len(said) > longest:
                break
    finally:
        end(process, grace_seconds=1, ask_first=True)
    return b""
