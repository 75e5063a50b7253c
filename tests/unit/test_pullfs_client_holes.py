"""Whoever is asked for holes has so much time and room to tell them, and no run waits for longer."""

from __future__ import annotations

import time

from appliance.pull import execute
from appliance.pull.pullfs.client_holes import answer_of

_REQUEST = b"holes /image\n" * 100_000


def told(by: str, seconds: float = 30, request: bytes = b"") -> tuple[bytes, int]:
    """Return the answer of an ssh that does this, and how often somebody heard that it goes on."""
    process = execute.start(("/bin/sh", "-c", by), {"PATH": "/usr/bin:/bin"}, stdin=execute.PIPE, stdout=execute.PIPE)
    beats: list[float] = []
    try:
        return answer_of(process, request, seconds, lambda: beats.append(time.monotonic())), len(beats)
    finally:
        assert process.stdout
        assert process.stdin
        process.stdout.close()
        process.stdin.close()
        assert process.poll() is not None


def test_the_answer_is_what_comes_until_the_end() -> None:
    assert told("cat; echo 1; exit 1", request=_REQUEST)[0] == _REQUEST + b"1\n"


def test_whoever_reads_nothing_of_what_is_asked_may_answer_all_the_same() -> None:
    assert told("echo 1", request=_REQUEST)[0] == b"1\n"


def test_who_neither_reads_nor_comes_to_an_end_is_not_waited_for_and_it_is_told_that_it_goes_on() -> None:
    began = time.monotonic()

    answer, beats = told("echo 1; exec sleep 60", seconds=2.5, request=_REQUEST)

    assert answer == b""
    assert beats >= 3
    assert time.monotonic() - began < 30


def test_what_is_longer_than_an_answer_can_be_is_none() -> None:
    assert told("exec cat /dev/zero")[0] == b""
