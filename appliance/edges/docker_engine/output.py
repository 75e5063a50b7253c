"""Cut a container's output, which arrives in pieces of any size, into lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A result that lists every archive of ten years of hourly pulls stays below it; without a limit one client's
# endless line would be the supervisor's memory.
LONGEST_LINE_BYTES = 16 << 20


def whole_lines(chunks: Iterable[bytes], *, longest: int = LONGEST_LINE_BYTES) -> Iterator[str]:
    """Yield each line without its newline; of a line longer than `longest` bytes only the beginning is kept.

    A last line without a newline is yielded when the chunks end by themselves, and lost when they raise.
    """
    pieces: list[bytes] = []
    size = 0
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            yield _text([*pieces, piece[: longest - size]])
            pieces, size = [], 0
        rest = rest[: longest - size]
        if rest:
            pieces.append(rest)
            size += len(rest)
    if pieces:
        yield _text(pieces)


def _text(pieces: list[bytes]) -> str:
    return b"".join(pieces).decode("utf-8", "replace").rstrip("\r")
