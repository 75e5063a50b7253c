"""Lines put together from what the engine sends: pieces of two streams, each with a time before it."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from appliance.edges.docker_engine.said import _frames, whole_said
from appliance.errors import EngineError
from appliance.ports import SaidLine

AT = "2026-11-22T12:00:0{}.123456789Z"
WHEN = [datetime(2026, 11, 22, 12, 0, second, 123456, tzinfo=UTC) for second in range(10)]


def piece(second: int, text: str) -> bytes:
    return f"{AT.format(second)} {text}".encode()


def test_a_long_line_in_pieces_is_one_line_with_the_time_of_its_beginning() -> None:
    frames = [(False, piece(1, "be")), (True, piece(2, "beside\n")), (False, piece(3, "gin end\n"))]

    assert list(whole_said(iter(frames))) == [
        SaidLine(text="beside", time=WHEN[2], error=True),
        SaidLine(text="begin end", time=WHEN[1]),
    ]


def test_a_last_line_needs_no_newline_and_bytes_of_no_encoding_arrive() -> None:
    assert list(whole_said(iter([(False, piece(1, "caf") + b"\xe9")]))) == [SaidLine(text="caf�", time=WHEN[1])]


@pytest.mark.parametrize("text", ["no time here\n", "2026-11-22 stands alone\n", "\n"])
def test_without_a_time_the_line_is_whole(text: str) -> None:
    assert list(whole_said(iter([(False, text.encode())]))) == [SaidLine(text=text.rstrip("\n"))]


def test_frames_say_which_stream_they_are_of() -> None:
    sent = io.BytesIO(b"\x01\0\0\0\0\0\0\x02ab" + b"\x02\0\0\0\0\0\0\x01c" + b"\x01\0\0\0\0\0\0\0")

    assert list(_frames(sent.read, "web1")) == [(False, b"ab"), (True, b"c"), (False, b"")]


@pytest.mark.parametrize("sent", [b"\x01\0\0", b"\x01\0\0\0\0\0\0\x05abc"])
def test_a_frame_that_is_cut_off_is_an_error_and_not_an_end(sent: bytes) -> None:
    with pytest.raises(EngineError, match="the output of web1 broke off"):
        list(_frames(io.BytesIO(sent).read, "web1"))
