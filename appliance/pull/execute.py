"""The only door to other programs: argv in, result out; stop, then terminate, then kill."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping, Sequence

PIPE = subprocess.PIPE
DEVNULL = subprocess.DEVNULL
Process = subprocess.Popen[bytes]
Stream = int | IO[bytes] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a program left behind. `code` is negative when a signal ended it; `is_late`: that was ours, for its time."""

    code: int
    stdout: str
    stderr: str
    is_late: bool = False


def run(
    argv: Sequence[str], env: Mapping[str, str], *, descriptors: Sequence[int] = (), timeout_seconds: float
) -> Finished:
    """Run to its end and keep what it printed; it is killed (code -9, `is_late`) after the time limit."""
    process = start(argv, env, descriptors=descriptors, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    is_late = False
    try:
        stdout, stderr = process.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        # It may have come to its end in that very moment.
        is_late = process.returncode < 0
    return Finished(code=process.returncode, stdout=_text(stdout), stderr=_text(stderr), is_late=is_late)


def start(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    descriptors: Sequence[int] = (),
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = None,
    stderr: Stream = None,
    directory: str = "",
) -> Process:
    """Start a program with exactly this environment and these extra descriptors; by itself it reads nothing from us."""
    return subprocess.Popen(
        list(argv),
        env=dict(env),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        pass_fds=tuple(descriptors),
        cwd=directory or None,
    )


class Ending:
    """A polite end that does not wait for ever: a list of (seconds from now, signal), advanced by `tick`."""

    def __init__(self, process: Process, signals: Sequence[tuple[float, signal.Signals]]) -> None:
        """Send the signals that are due at once."""
        now = time.monotonic()
        self._process = process
        self._pending = [(now + delay, number) for delay, number in signals]
        self.tick()

    def tick(self) -> None:
        """Send what is due; nothing happens to a process that has ended."""
        while self._pending and self._process.poll() is None and self._pending[0][0] <= time.monotonic():
            self._process.send_signal(self._pending.pop(0)[1])

    @property
    def is_spent(self) -> bool:
        """Whether every signal was sent, and the process is still there."""
        return not self._pending and self._process.poll() is None


def end(
    process: Process, *, grace_seconds: float, ask_first: bool = True, at_last: Callable[[], None] | None = None
) -> None:
    """Terminate (unless it ends by itself: `ask_first=False`), wait for the grace, kill, and wait until it is gone.

    `at_last` is called where the grace has passed once more, and not even the kill has ended it: a process that the
    kernel holds.
    """
    if process.poll() is None:
        if ask_first:
            process.terminate()
        try:
            process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    try:
        process.wait(grace_seconds if at_last else None)
    except subprocess.TimeoutExpired:
        if at_last:
            at_last()
        process.wait()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
