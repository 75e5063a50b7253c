"""Whoever is asked for holes has so much time and room to tell them, and no run waits for longer."""

from __future__ import annotations

import time

from appliance.pull import execute
from appliance.pull.pullfs.client_holes import answer_of


def told(by: str, seconds: float = 30) -> bytes:
    """Return the answer of an ssh that does this."""
    process = execute.start(("/bin/sh", "-c", by), {"PATH": "/usr/bin:/bin"}, stdout=execute.PIPE)
    try:
        return answer_of(process, seconds)
    finally:
        assert process.stdout
        process.stdout.close()
        assert process.poll() is not None


def test_the_answer_is_what_comes_until_the_end() -> None:
    assert told("echo 1; echo 2; exit 1") == b"1\n2\n"


def test_who_does_not_come_to_an_end_is_not_waited_for() -> None:
    began = time.monotonic()

    assert told("echo 1; exec sleep 60", seconds=0.2) == b""

    assert time.monotonic() - began < 30


def test_what_is_longer_than_an_answer_can_be_is_none() -> None:
    assert told("exec cat /dev/zero") == b""
