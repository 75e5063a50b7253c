"""`borg export-tar` as a stream of members, read while the client is written; damaged files are named and left out."""

from __future__ import annotations

import os
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from appliance.borg import exits, export, output
from appliance.plan import places
from appliance.pull import execute, repository
from appliance.pull.failure import Failure
from appliance.pull.restores.members import member
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.borg.command import Command
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.restores.members import Member

# A multiple of tar's block: few turns of the loop for a large file.
_CHUNK = 1 << 18
_SAID = Path(places.SCRATCH) / "export.said"
_NEVER_MATCHED = "IncludePatternNeverMatchedWarning"
# Each damaged file costs one more pass over the archive's list; a repository with more is to be repaired first.
_MOST_DAMAGED = 20


class Meanwhile(Protocol):
    """What goes on while Borg is waited for: the talk with the client, and with the root half."""

    def wait_for(self, pipe: int) -> None:
        """Go on until there is something to read in that pipe; raises Failure at a stop."""


@dataclass(slots=True)
class Export:
    """One archive's members, once each. `damaged` are paths that Borg could not give, `unmatched` what is not there."""

    plan: RunPlan
    meanwhile: Meanwhile
    archive: str
    paths: tuple[str, ...]
    damaged: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    code: int = 0
    _passed: int = 0

    def members(self) -> Iterator[tuple[Member, IO[bytes] | None]]:
        """Yield every member and what reads its content, which holds until the next one; raises Failure."""
        while True:
            yield from self._one_pass()
            said, code = _SAID.read_text("utf-8", "replace"), self.code
            if self.code == 0 or exits.is_warning(self.code):
                self._keep_warnings(said)
                return
            culprit = self._culprit() if exits.reason_of(self.code) is Reason.INTEGRITY else ""
            if not culprit or culprit in self.damaged or len(self.damaged) >= _MOST_DAMAGED:
                raise repository.borg_failure(self.plan, code, said)
            self.damaged.append(culprit)

    def _one_pass(self) -> Iterator[tuple[Member, IO[bytes] | None]]:
        seen = 0
        with self._borg() as (stream, listening):
            for info in _infos(stream) if stream else ():
                # Where Borg ends too early, the last one may be cut: it is given again by the next pass.
                self._passed = max(self._passed, seen)
                seen += 1
                if stream and seen > self._passed:
                    yield member(info), stream.extractfile(info) if info.isreg() else None
            listening.drain()

    def _culprit(self) -> str:
        """Return the path at which Borg fails: it names each before it reads it. The stream itself lags behind."""
        command = export.name_files(self.plan, self.archive, self.paths, without=tuple(self.damaged))
        last, rest, named = "", b"", 0
        alike: dict[str, list[int]] = {}
        with self._started(command, stdout=None, stderr=execute.PIPE) as process:
            listening = _Listening(self.meanwhile, _descriptor(process.stderr))
            while chunk := listening.read(_CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    match output.read_line(line.decode("utf-8", "surrogateescape")):
                        case output.LogMessage(source="borg.output.list", message=path):
                            last, named = path, named + 1
                            if "?" in path:
                                alike.setdefault(path, []).append(named)
                        case _:
                            pass
        # With it goes whatever Borg shows alike, so the next pass has so many fewer before the first that is new.
        self._passed -= sum(place <= self._passed for place in alike.get(last, ())[:-1])
        return last

    @contextmanager
    def _borg(self) -> Iterator[tuple[tarfile.TarFile | None, _Listening]]:
        command = export.export_tar(self.plan, self.archive, self.paths, without=tuple(self.damaged))
        with _SAID.open("wb") as said, self._started(command, stdout=execute.PIPE, stderr=said) as process:
            listening = _Listening(self.meanwhile, _descriptor(process.stdout))
            yield _opened(listening), listening

    @contextmanager
    def _started(
        self, command: Command, *, stdout: execute.Stream, stderr: execute.Stream
    ) -> Iterator[execute.Process]:
        """Run Borg with the passphrase at hand for as long as the block lasts; then its code is known."""
        passphrase = os.open(places.PASSPHRASE, os.O_RDONLY)
        env = {**command.env, "BORG_PASSPHRASE_FD": str(passphrase)}
        process = execute.start(command.argv, env, descriptors=(passphrase,), stdout=stdout, stderr=stderr)
        os.close(passphrase)
        try:
            yield process
        finally:
            for pipe in (process.stdout, process.stderr):
                if pipe:
                    pipe.close()
            execute.end(process, grace_seconds=10, ask_first=False)
            self.code = process.returncode

    def _keep_warnings(self, said: str) -> None:
        on_the_way = export.folders_on_the_way(self.paths)
        for line in said.splitlines():
            match output.read_line(line):
                case output.LogMessage(is_housekeeping=False, message_id=kind) as message if message.is_trouble:
                    if kind != _NEVER_MATCHED:
                        self.warnings.append(message.message)
                    elif not any(f"'{folder}'" in message.message for folder in on_the_way):
                        self.unmatched.append(message.message.partition("'")[2].rpartition("'")[0])
                case _:
                    pass


def _descriptor(pipe: IO[bytes] | None) -> int:
    """Return the descriptor of a pipe that was asked for."""
    assert pipe is not None  # noqa: S101 - it was asked for
    return pipe.fileno()


class _Listening:
    """Borg's output as a file, whose reader goes on talking with the client while it waits."""

    def __init__(self, meanwhile: Meanwhile, pipe: int) -> None:
        self._meanwhile, self._pipe = meanwhile, pipe

    def read(self, size: int) -> bytes:
        self._meanwhile.wait_for(self._pipe)
        return os.read(self._pipe, min(size, _CHUNK))

    def drain(self) -> None:
        """Read the rest, so that Borg can end; what follows the end of a tar is padding, and anything else a fault."""
        while rest := self.read(_CHUNK):
            if rest.strip(b"\0"):
                raise Failure(Reason.INTERNAL, "Borg's stream went on after what looked like its end; nothing is lost.")


def _opened(listening: _Listening) -> tarfile.TarFile | None:
    """Open the stream; None where Borg printed nothing at all."""
    try:
        return tarfile.open(
            fileobj=cast("Any", listening),
            mode="r|",
            bufsize=_CHUNK,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except tarfile.TarError:
        return None


def _infos(stream: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield each header; a stream that ends too early just ends, since Borg's exit code says why."""
    while True:
        try:
            info = stream.next()
        except tarfile.TarError:
            return
        # What was read is of no use any more, and there may be millions.
        cast("Any", stream).members.clear()
        if info is None:
            return
        yield info
