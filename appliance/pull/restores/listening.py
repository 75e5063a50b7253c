"""Listening to a Borg that restores on this server: progress out, trouble kept, and the root half heard at once."""

from __future__ import annotations

import os
import selectors
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from appliance.borg import output
from appliance.plan import places
from appliance.pull import execute, link
from appliance.pull.watch import FULL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.borg.command import Command
    from appliance.pull.voice import Voice

_CHUNK = 65536
_LONGEST_LINE = 1 << 20
_KEPT_WARNINGS = 100
_LONGEST = 1000
_TICK_SECONDS = 1.0
# A restore keeps no checkpoint: there is nothing to wait for.
_END = ((0, signal.SIGTERM), (20, signal.SIGKILL))
_NEVER_MATCHED = "IncludePatternNeverMatchedWarning"


@dataclass
class Told:
    """What Borg said until its end. `last` is the path that it named last: at a sudden end, the one it was at."""

    code: int = 0
    files: int = 0
    size: int = 0
    last: str = ""
    warnings: list[str] = field(default_factory=list)
    warning_count: int = 0
    unmatched: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    is_full: bool = False
    stopped: str = ""

    @property
    def stderr(self) -> str:
        """Borg's own complaints, as it printed them."""
        return "\n".join(self.said)

    def warn(self, sentence: str) -> None:
        """Keep a complaint; of a million, the first are named and all are counted."""
        self.warning_count += 1
        if len(self.warnings) < _KEPT_WARNINGS:
            self.warnings.append(sentence[:_LONGEST])


@contextmanager
def borg_running(command: Command, *, stdout: execute.Stream, directory: str = "") -> Iterator[execute.Process]:
    """Run Borg with the passphrase at hand for as long as the block lasts; its complaints are in `stderr`."""
    passphrase = os.open(places.PASSPHRASE, os.O_RDONLY)
    env = {**command.env, "BORG_PASSPHRASE_FD": str(passphrase)}
    process = execute.start(
        command.argv, env, descriptors=(passphrase,), stdout=stdout, stderr=execute.PIPE, directory=directory
    )
    os.close(passphrase)
    try:
        yield process
    finally:
        execute.end(process, grace_seconds=10)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


class Listening:
    """Reads Borg's complaints and the link until Borg has ended; a stop from outside, or a full disk, ends Borg."""

    def __init__(self, control: link.Link, voice: Voice) -> None:
        """Nothing is heard yet."""
        self._link, self._voice = control, voice
        self._rest = b""
        self._ending: execute.Ending | None = None
        self.told = Told()

    def until_the_end(self, process: execute.Process) -> Told:
        """Wait for Borg; its pipe ends before it does."""
        pipe = process.stderr
        assert pipe is not None  # noqa: S101 - it was asked for
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            selector.register(self._link, selectors.EVENT_READ)
            while pipe.fileno() in selector.get_map():
                for key, _ in selector.select(_TICK_SECONDS):
                    if not (self._take_word() if key.fileobj is self._link else self._take_chunk(pipe)):
                        selector.unregister(key.fileobj)
                if self._ending is None and (self.told.stopped or self.told.is_full):
                    self._ending = execute.Ending(process, _END)
                if self._ending:
                    self._ending.tick()
        execute.end(process, grace_seconds=20, ask_first=False)
        self.told.code = process.returncode
        return self.told

    def _take_word(self) -> bool:
        said = self._link.hear()
        if said is None:
            self.told.stopped = self.told.stopped or "killed"
            return False
        if said.word == link.STOP:
            self.told.stopped = said.note
        return True

    def _take_chunk(self, pipe: IO[bytes]) -> bool:
        chunk = os.read(pipe.fileno(), _CHUNK)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk and self._rest:
            lines, self._rest = [self._rest], b""
        self._rest = self._rest[:_LONGEST_LINE]
        for line in lines:
            self._take_line(line.decode("utf-8", "surrogateescape"))
        if lines:
            self._link.beat()
        return bool(chunk)

    def _take_line(self, line: str) -> None:
        told = self.told
        match output.read_line(line):
            case output.LogMessage(source="borg.output.list", message=path):
                told.files += 1
                told.last = path
            case output.ExtractProgress() as progress if progress.path:
                told.size = progress.done
                self._voice.progress(
                    files=told.files,
                    original_size=progress.done,
                    deduplicated_size=0,
                    total_size=progress.total,
                    path=progress.path,
                )
            case output.LogMessage(is_housekeeping=True) as said:
                self._voice.note(f"Borg says: {said.message[:_LONGEST]}")
            case output.LogMessage(is_trouble=True) as said:
                self._take_trouble(said, line)
            case _:
                pass

    def _take_trouble(self, said: output.LogMessage, line: str) -> None:
        told = self.told
        if said.message_id == _NEVER_MATCHED:
            told.unmatched.append(said.message.partition("'")[2].rpartition("'")[0])
            return
        # Of a file that is smaller than a buffer Borg says so as it crashes, and not as a warning.
        told.is_full = told.is_full or any(words in said.message for words in FULL)
        if said.level == "WARNING":
            told.warn(said.message)
        elif len(told.said) < _KEPT_WARNINGS:
            told.said.append(line[:_LONGEST_LINE])
