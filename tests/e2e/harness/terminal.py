"""A shell at a terminal, as somebody sits before it: types lines, answers what is asked, reads what stands there."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

COLUMNS, ROWS = 120, 50
_PROMPT = "ready-for-the-next-line"
_ENDED = re.compile(rf"{_PROMPT} (\d+) \Z")
_MOVES = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b[()=>].?|([\r\n\b])")


class Terminal:
    """One bash, in a folder, with what is given added to the environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        given = {"PS1": f"{_PROMPT} $? ", "PS2": "", "PROMPT_COMMAND": "", "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        self._shell = subprocess.Popen(
            ("setsid", "--ctty", "bash", "--norc", "--noprofile", "--noediting", "-i"),
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env={**os.environ, **given, **environment},
        )  # fmt: skip
        os.close(theirs)
        self._until_prompt(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._shell.kill()
        self._shell.wait()
        os.close(self._ours)

    def type(self, line: str, answers: Iterable[tuple[str, str]] = (), *, within: float = 300) -> tuple[int, list[str]]:
        """Type a line, and each answer once the question before it stands there; returns exit code and what was seen.

        What is seen are the lines that stand there at the end, without the typed one.
        """
        os.write(self._ours, f"{line}\n".encode())
        text, told = "", re.compile(r"\Z")
        for question, answer in answers:
            told = re.compile(rf"{re.escape(question)}\s*\Z")
            text = self._read(text, told, within)
            os.write(self._ours, f"{answer}\n".encode())
            text += self._chunk(time.monotonic() + within)
        return self._until_prompt(within, text)

    def _until_prompt(self, within: float, text: str = "") -> tuple[int, list[str]]:
        text = self._read(text, _ENDED, within)
        found = _ENDED.search(text)
        assert found is not None
        return int(found[1]), standing(text[: found.start()])[1:]

    def _read(self, text: str, awaited: re.Pattern[str], within: float) -> str:
        deadline = time.monotonic() + within
        while not awaited.search(text):
            text += self._chunk(deadline)
        return text

    def _chunk(self, deadline: float) -> str:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, "the terminal says nothing more"
        return os.read(self._ours, 65536).decode(errors="replace")


def standing(text: str) -> list[str]:
    """Say which lines stand on a terminal after all that: progress that was drawn over is gone."""
    lines, row, column, at = [""], 0, 0, 0
    for move in _MOVES.finditer(text):
        written = text[at : move.start()]
        at = move.end()
        lines[row] = lines[row][:column].ljust(column) + written + lines[row][column + len(written) :]
        _erase(lines, row, column + len(written), move)
        row, column = _moved(row, column + len(written), move)
        lines.extend([""] * (row + 1 - len(lines)))
    lines[row] = lines[row][:column].ljust(column) + text[at:]
    return [line.rstrip() for line in lines]


def _erase(lines: list[str], row: int, column: int, move: re.Match[str]) -> None:
    """Take away what `move` erases: the rest of a line, a whole line, or all that is below."""
    if move[2] in ("K", "J") and move[1] in ("", "0"):
        lines[row] = lines[row][:column]
    if move[2] == "K" and move[1] == "2":
        lines[row] = ""
    if move[2] == "J":
        del lines[row + 1 :]


def _moved(row: int, column: int, move: re.Match[str]) -> tuple[int, int]:
    """Say where the cursor stands after `move`; the first line and the first column are 0."""
    count = int(move[1]) if (move[1] or "").isdigit() else 1
    match move[2] or move[3]:
        case "\r":
            return row, 0
        case "\n":
            return row + 1, column
        case "A":
            return max(0, row - count), column
        case "G":
            return row, max(0, count - 1)
        case "\b" | "D":
            return row, max(0, column - count)
        case _:
            return row, column
