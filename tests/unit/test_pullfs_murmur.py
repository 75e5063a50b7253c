"""What ssh says is handed on in whole lines, a little of it, and never keeps an ssh waiting."""

from __future__ import annotations

import os

from appliance.pull.pullfs.murmur import Murmur


def handed_on(*said: bytes) -> list[str]:
    heard: list[str] = []
    murmur = Murmur(heard.append)
    for one in said:
        assert os.write(murmur.into, one) == len(one)
    murmur.close()
    return heard


def test_lines_are_handed_on_as_they_were_said() -> None:
    said = handed_on(b"Connection ", b"reset\r\n\n", b"no newline at its end")

    assert said == ["Connection reset", "no newline at its end"]


def test_who_says_very_much_is_read_to_the_end_and_told_in_part() -> None:
    # Far more than a pipe holds: were it not read, this write would never return.
    said = handed_on(*[b"spam " * 2000 + b"\n"] * 100)

    assert len(said) == 50
    assert max(map(len, said)) <= 1024


def test_bytes_of_no_encoding_are_handed_on_all_the_same() -> None:
    assert handed_on(b"caf\xe9 \x1b[31m\n") == ["caf\ufffd \x1b[31m"]
