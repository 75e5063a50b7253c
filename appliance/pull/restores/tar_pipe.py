"""`tar -x` on the client behind our ssh: what is written here is unpacked there, and every end of it is told."""

from __future__ import annotations

import os
import re
import select
import shlex
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.pull import execute, link
from appliance.pull.failure import Failure, restore_key_is_shut_out, stopped
from appliance.pull.ssh_config import CLIENT, ssh_config
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.ends import Ends
    from appliance.pull.restores.there import Ground

_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(places.SCRATCH)}
_UNSENT_BYTES = 1 << 20
_CHUNK = 1 << 18
_KEPT_BYTES = 1 << 16
_BEAT_SECONDS = 1.0
_LONGEST = 300
_SSH_FAILED = 255
_CANNOT_RUN = (126, 127)
_FULL = re.compile(r"No space left on device|Disk quota exceeded")
# GNU tar goes on after most complaints; after this one it did not.
_GAVE_UP = "Error is not recoverable"


class TarPipe:
    """The standard input of the client's tar, as a file to write to. Raises Failure where tar or the way there ends."""

    def __init__(self, plan: RunPlan, ground: Ground, control: link.Link, process: execute.Process) -> None:
        """Nothing is written yet."""
        self._plan, self._ground, self._link, self._process = plan, ground, control, process
        assert process.stdin is not None  # noqa: S101 - both were asked for
        assert process.stderr is not None  # noqa: S101
        self._into, self._says = process.stdin.fileno(), process.stderr.fileno()
        for pipe in (self._into, self._says):
            os.set_blocking(pipe, False)
        self._unsent = bytearray()
        self._said = bytearray()
        self._is_silent = False
        self._is_given_up = False
        self._last_beat = 0.0

    def write(self, data: bytes) -> int:
        """Take what is to be sent; waits while too much of it is under way."""
        if not self._is_given_up:
            self._unsent += data
            while len(self._unsent) > _UNSENT_BYTES:
                self._turn()
        return len(data)

    def wait_for(self, pipe: int) -> None:
        """Go on sending until there is something to read in that pipe."""
        while not self._turn(pipe):
            pass

    def finish(self) -> tuple[str, ...]:
        """Send the rest, wait for tar's end and return its complaints; raises Failure where it did not do all."""
        while self._unsent:
            self._turn()
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        self._process.stdin.close()
        while not self._is_silent:
            self._turn()
        execute.end(self._process, grace_seconds=float(self._plan.stall_timeout), ask_first=False)
        if self._process.returncode != 0:
            raise_unless_it_went_on(self._plan, self._ground, self._process.returncode, self._text())
        return tuple(line for line in self._text().splitlines() if line.strip() and not _is_chatter(line))

    def give_up(self) -> None:
        """Send nothing any more, not even what a writer that is thrown away still has."""
        self._is_given_up = True
        self._unsent.clear()

    def _turn(self, pipe: int | None = None) -> bool:
        """Wait for anything and deal with it; returns whether `pipe` can be read."""
        sources = [self._link.fileno(), *([] if self._is_silent else [self._says]), *([] if pipe is None else [pipe])]
        readable, writable, _ = select.select(sources, [self._into] if self._unsent else [], [])
        if self._link.fileno() in readable:
            self._hear()
        if self._says in readable:
            self._listen()
        if writable:
            self._send()
        if time.monotonic() - self._last_beat > _BEAT_SECONDS:
            self._last_beat = time.monotonic()
            self._link.beat()
        return pipe in readable

    def _hear(self) -> None:
        said = self._link.hear()
        if said is None or said.word == link.STOP:
            raise stopped(said.note if said else Reason.KILLED)

    def _listen(self) -> None:
        chunk = os.read(self._says, _CHUNK)
        self._is_silent = not chunk
        self._said = (self._said + chunk)[-_KEPT_BYTES:]

    def _send(self) -> None:
        try:
            sent = os.write(self._into, self._unsent[:_CHUNK])
        except OSError:
            self.give_up()
            while not self._is_silent:
                self._turn()
            execute.end(self._process, grace_seconds=10, ask_first=False)
            raise broken(self._plan, self._ground, self._process.returncode, self._text()) from None
        del self._unsent[:sent]

    def _text(self) -> str:
        text = self._said.decode("utf-8", "replace")
        return "".join(one if one.isprintable() or one == "\n" else "?" for one in text)


@contextmanager
def tar_there(plan: RunPlan, ends: Ends, ground: Ground) -> Iterator[TarPipe]:
    """Start `tar -x` in that folder of the client; whatever happens, it has ended after the block."""
    Path(places.SSH_CONFIG).write_text(ssh_config(plan), "utf-8")
    script = f"cd {shlex.quote(ground.root)} && umask 077 && exec tar -xpf -"
    argv = ("ssh", "-F", str(places.SSH_CONFIG), CLIENT, f"exec /bin/sh -c {shlex.quote(script)}")
    process = execute.start(argv, _ENVIRONMENT, stdin=execute.PIPE, stdout=execute.DEVNULL, stderr=execute.PIPE)
    pipe = TarPipe(plan, ground, ends.control, process)
    try:
        yield pipe
    finally:
        pipe.give_up()
        # No end of the stream is told before it: a tar that is cut must not take what it has for all.
        if process.poll() is None:
            process.kill()
        execute.end(process, grace_seconds=5)
        for stream in (process.stdin, process.stderr):
            if stream:
                stream.close()


def raise_unless_it_went_on(plan: RunPlan, ground: Ground, code: int, said: str) -> None:
    """Raise Failure for a tar that gave up; GNU tar ends with 1 or 2 where it only could not do some of it."""
    went_on = ground.is_gnu and code in (1, 2) and _GAVE_UP not in said and said.strip()
    if not went_on or _FULL.search(said):
        raise broken(plan, ground, code, said)


def broken(plan: RunPlan, ground: Ground, code: int, said: str) -> Failure:
    """Say why tar ended before it had everything."""
    last = " ".join(said.split())[-_LONGEST:]
    if _FULL.search(said):
        where = f"{ground.root} on {plan.machine}"
        sentence = f"The disk of {where} is full. Make room, or choose another folder with --to."
        return Failure(Reason.TARGET, f"{sentence} {_AGAIN}", code=code)
    if code in _CANNOT_RUN:
        return Failure(Reason.CLIENT_TOOLS, _NO_TAR.format(plan.machine, last or f"exit {code}"), code=code)
    if "Permission denied (" in said:
        return Failure(Reason.RESTORE_KEY, restore_key_is_shut_out(plan.machine, plan.host, plan.user))
    if code == _SSH_FAILED or code < 0:
        sentence = (
            f"The connection to {plan.machine} broke in the middle of the restore (ssh says: {last or 'nothing'})."
        )
        return Failure(Reason.CONNECTION_LOST, f"{sentence} {_AGAIN}", code=code)
    return Failure(Reason.TARGET, f"tar on {plan.machine} gave up ({last or f'exit {code}'}). {_AGAIN}", code=code)


def _is_chatter(line: str) -> bool:
    return "Exiting with failure status due to previous errors" in line


_AGAIN = (
    "What is there is not complete, and the last file may be cut; the same command with --resume writes everything "
    "into that folder again."
)
_NO_TAR = "There is no tar on {0} ({1}); install it there, or use `--way numeric` or `--way chroot`, which need none."
