"""Asking the client where its large sparse files have holes, before they are read."""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING

from appliance.pull.execute import end
from appliance.pull.listing import holes, script
from appliance.pull.pullfs.client_listing import pipe_of, run_there
from appliance.pull.pullfs.pieces import PIECE_BYTES
from appliance.pull.pullfs.zeros import sparsest_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from appliance.pull.execute import Process
    from appliance.pull.listing.tree import Tree

# Looking for holes reads nothing; where that takes longer, the files come as if nobody knew.
DEADLINE_SECONDS = 60
# So often whoever watches the run hears that it goes on.
_BEAT_SECONDS = 1.0
_CHUNK = 1 << 20
_SENT_AT_ONCE = 1 << 15


def told_holes(
    tree: Tree, is_expected: Callable[[int], bool], stderr: int, beat: Callable[[], None]
) -> Mapping[int, holes.Holes]:
    """Return the holes of the files that Borg will probably read, as far as the client tells; raises Hostile.

    Where it does not, for it has no python3 or lets nobody in again, their zeros come over the line.
    """
    nodes = sparsest_files(tree, is_expected, holes.MOST_FILES)
    if not nodes:
        return {}
    request = script.to_send(holes.request(map(tree.path, nodes)))
    return holes.read_holes(answer_of(run_there(stderr), request, DEADLINE_SECONDS, beat), tree, PIECE_BYTES)


def answer_of(
    process: Process, request: bytes, seconds: float, beat: Callable[[], None], longest: int = holes.LONGEST_ANSWER
) -> bytes:
    """Return what it says to that until its end; b"" where that takes longer, or is more than so many bytes."""
    next_beat = time.monotonic()
    deadline = next_beat + seconds
    said, unsent = bytearray(), memoryview(request)
    into, out = pipe_of(process.stdin).fileno(), pipe_of(process.stdout).fileno()
    # Nobody promises that it reads; our own end must not depend on that.
    os.set_blocking(into, False)
    try:
        while len(said) <= longest and (left := deadline - time.monotonic()) > 0:
            if time.monotonic() >= next_beat:
                next_beat = time.monotonic() + _BEAT_SECONDS
                beat()
            heard, taking, _ = select.select([out], [into] if unsent else [], [], min(left, _BEAT_SECONDS))
            if taking:
                unsent = _send(process, unsent)
            if heard:
                chunk = os.read(out, _CHUNK)
                if not chunk:
                    return bytes(said)
                said += chunk
    finally:
        end(process, grace_seconds=1, ask_first=True)
    return b""


def _send(process: Process, unsent: memoryview) -> memoryview:
    """Send some of it, and close the pipe behind the last; whoever reads nothing of it has its own command."""
    into = pipe_of(process.stdin)
    try:
        rest = unsent[os.write(into.fileno(), unsent[:_SENT_AT_ONCE]) :]
    except BrokenPipeError:
        rest = unsent[:0]
    if not rest:
        into.close()
    return rest
