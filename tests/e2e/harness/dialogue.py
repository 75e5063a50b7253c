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
        self.shown = ""

    def wait_for(self, words: str, *, within: float = 120) -> str:
        """Wait until that is shown after what was waited for before; returns what was shown up to it."""
        deadline = time.monotonic() + within
        while (place := self.shown.find(words, self._read)) < 0:
            assert self._take(deadline), f"{words!r} was never shown:\n{self.shown}"
        before, self._read = self.shown[self._read : place], place + len(words)
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
        self.shown += _COLOURS.sub("", chunk.decode("utf-8", "replace")).replace("\r", "")
        return bool(chunk)


@contextmanager
def at_a_terminal(appliance: ApplianceUnderTest, *words: str) -> Iterator[Dialogue]:
    """Run a command as `docker compose exec supervisor borgpull …` does, at a terminal of its own."""
    ours, theirs = pty.openpty()
    argv = ("docker", "exec", "--interactive", "--tty", "--env", "NO_COLOR=1", appliance.supervisor, "borgpull", *words)
    process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        yield Dialogue(process, ours)
    finally:
        process.terminate()
        process.wait(10)
        os.close(ours)
