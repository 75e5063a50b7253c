"""Read a container's output with its times, and standard output apart from standard error; the library mixes them."""

from __future__ import annotations

import struct
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from appliance.edges.docker_engine.output import LONGEST_LINE_BYTES
from appliance.errors import EngineError
from appliance.ports import SaidLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker.api.client import APIClient

_HEADER = struct.Struct(">BxxxL")
_STDERR = 2
_PATIENCE_SECONDS = 60


def said_lines(api: APIClient, name: str, *, follow: bool) -> Iterator[SaidLine]:
    """Yield the lines of both streams in the engine's order; raises EngineError when they break off."""
    response = api.get(
        f"{api.base_url}/v{api.api_version}/containers/{quote(name)}/logs",
        params={"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow)},
        stream=True,
        # A container that is followed may be silent for hours.
        timeout=(_PATIENCE_SECONDS, None if follow else _PATIENCE_SECONDS),
    )
    try:
        if response.status_code == HTTPStatus.NOT_FOUND:
            return
        if not response.ok:
            raise EngineError(f"the container engine refused to tell the output of {name}: {response.text.strip()}")
        yield from whole_said(_frames(response.raw.read, name))
    finally:
        response.close()


def whole_said(frames: Iterator[tuple[bool, bytes]]) -> Iterator[SaidLine]:
    """Put lines together, of which the engine gives long ones in pieces, each with a time before it.

    Of a line that is longer than LONGEST_LINE_BYTES only the beginning is kept. A last line needs no newline.
    """
    begun: dict[bool, tuple[datetime | None, bytearray]] = {}
    for error, piece in frames:
        time, text = _timed(piece)
        when, line = begun.setdefault(error, (time, bytearray()))
        line += text[: LONGEST_LINE_BYTES - len(line)]
        if text.endswith(b"\n"):
            del begun[error]
            yield _line(when, line, error=error)
    for error, (when, line) in begun.items():
        yield _line(when, line, error=error)


def _frames(read: Callable[[int], bytes], name: str) -> Iterator[tuple[bool, bytes]]:
    while header := read(_HEADER.size):
        if len(header) == _HEADER.size:
            stream, length = _HEADER.unpack(header)
            piece = read(length)
            if len(piece) == length:
                yield stream == _STDERR, piece
                continue
        raise EngineError(f"the output of {name} broke off")


def _timed(piece: bytes) -> tuple[datetime | None, bytes]:
    stamp, _, text = piece.partition(b" ")
    try:
        time = datetime.fromisoformat(stamp.decode("ascii"))
    except ValueError:
        return None, piece
    return (time, text) if time.tzinfo else (None, piece)


def _line(when: datetime | None, line: bytearray, *, error: bool) -> SaidLine:
    return SaidLine(text=line.decode("utf-8", "replace").rstrip("\r\n"), time=when, error=error)
