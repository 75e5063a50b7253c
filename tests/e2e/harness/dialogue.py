"""A command of the appliance at a terminal: what it shows is waited for, and answers are typed."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.appliance import ApplianceUnderTest

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CTRL_C = "\x03"
_PRESSED_AGAIN_SECONDS = 30


class Dialogue:
    """One command, its terminal's other end in our hands."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self._process = process
        self._terminal = terminal
        self._read = 0
        self._bytes = b""
        self.shown = ""

    @property
    def drawn(self) -> str:
        """All of it as the terminal got it, with what moves the cursor and colours."""
        return self._bytes.decode("utf-8", "replace")

    def wait_for(self, words: str | re.Pattern[str], *, within: float = 120) -> str:
        """Wait until that is shown after what was waited for before; returns what was shown up to it."""
        deadline = time.monotonic() + within
        pattern = re.compile(re.escape(words)) if isinstance(words, str) else words
        while (found := pattern.search(self.shown, self._read)) is None:
            assert self._take(deadline), f"{words!r} was never shown:\n{self.shown}"
        before, self._read = self.shown[self._read : found.start()], found.end()
        return before

    def answer(self, question: str, typed: str, *, within: float = 120) -> str:
        """Wait for the question and type the answer; returns what was shown before it."""
        before = self.wait_for(question, within=within)
        self.type(f"{typed}\n")
        return before

    def type(self, keys: str) -> None:
        """Type at the terminal."""
        os.write(self._terminal, keys.encode())

    def leave(self) -> int:
        """Press Ctrl-C and return the exit code.

        Pressed again where nothing comes of it, as a person does: Python loses a signal that comes just before it waits
        for a line (between its last look at signals and select(2)), until the next key.
        """
        for _ in range(3):
            self.type(_CTRL_C)
            try:
                return self.end(within=_PRESSED_AGAIN_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        raise AssertionError(f"Ctrl-C does not end it:\n{self.shown}")

    def end(self, *, within: float = 120) -> int:
        """Wait for the end and return the exit code."""
        deadline = time.monotonic() + within
        while self._take(deadline):
            pass
        return self._process.wait(max(1.0, deadline - time.monotonic()))

    def _take(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, deadline - time.monotonic()))
        try:
            chunk = os.read(self._terminal, 65536) if ready else b""
        except OSError:
            # How Linux says that nobody holds the terminal any more.
            chunk = b""
        self._bytes += chunk
        # All of it each time: a letter or a colour may come in two parts.
        self.shown = _COLOURS.sub("", self.drawn).replace("\r", "")
        return bool(chunk)


@contextmanager
def at_a_terminal(appliance: ApplianceUnderTest, *words: str, columns: int = 0, lines: int = 0) -> Iterator[Dialogue]:
    """Run a command as `docker compose exec supervisor borgpull …` does, at a terminal of its own, of that size."""
    ours, theirs = pty.openpty()
    size = ("--env", f"COLUMNS={columns}", "--env", f"LINES={lines}") if columns and lines else ()
    argv = (
        "docker", "exec", "--interactive", "--tty", "--env", "NO_COLOR=1", *size, appliance.supervisor, "borgpull",
        *words,
    )  # fmt: skip
    process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        yield Dialogue(process, ours)
    finally:
        process.terminate()
        process.wait(10)
        os.close(ours)
