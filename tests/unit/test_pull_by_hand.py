"""What an operator's own Borg prints goes out whole, or can be seen not to be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from appliance.plan import events
from appliance.pull import link
from appliance.pull.by_hand import _Passing
from appliance.pull.ends import Ends
from appliance.pull.voice import Voice

if TYPE_CHECKING:
    import pytest


def passed(stdout: bytes, stderr: bytes) -> None:
    """Play a Borg that has printed that and ended."""
    ours, theirs = link.pair()
    pipes = os.pipe(), os.pipe()
    for (_, write), text in zip(pipes, (stdout, stderr), strict=True):
        os.write(write, text)
        os.close(write)
    link.Link(ours).say(link.CREATED, 0)
    ends = Ends(control=link.Link(theirs), stdout=pipes[0][0], stderr=pipes[1][0], sshfs=-1)

    _Passing(ends, Voice()).until_the_end()

    for read, _ in pipes:
        os.close(read)
    ours.close()
    theirs.close()


def test_each_piece_says_how_much_went_out_with_it_and_the_last_that_it_is_all(
    capfd: pytest.CaptureFixture[str],
) -> None:
    passed(b"\xff\x00tar", b"careful\n")

    told = [events.read(line) for line in capfd.readouterr().out.splitlines()]
    pieces = [one.value for one in told if isinstance(one, events.Data)]
    so_far = 0
    for piece in pieces:
        so_far += len(piece.get("out", "")) + len(piece.get("err", ""))
        assert piece["so_far"] == so_far
    assert "".join(piece.get("out", "") for piece in pieces).encode("latin-1") == b"\xff\x00tar"
    assert pieces[-1] == {"so_far": 13, "is_all": True}
    assert not any(piece.get("is_all") for piece in pieces[:-1])
