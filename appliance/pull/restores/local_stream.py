"""Way `local` as a stream: Borg writes into the pipe of whoever asked, never into the container's log."""

from __future__ import annotations

import fcntl
import os
import select
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from appliance.borg import exits
from appliance.borg.export import stream_tar
from appliance.plan import places
from appliance.pull import execute, repository
from appliance.pull.failure import Failure, stopped
from appliance.pull.restores.listening import Listening, Told, borg_running
from appliance.pull.restores.restored import Restored
from appliance.pull.restores.zipping import Zipping
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.ends import Ends
    from appliance.pull.voice import Voice
    from appliance.record import RestoreOrder

    Make = Callable[[int], Told]

# Fewer turns between Borg and its reader; the kernel may give less.
_PIPE_BYTES = 1 << 20
_ZSTD = ("zstd", "--quiet", "--stdout", "-T0")
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
# 128 + SIGPIPE, as a program has it whose reader is gone.
_BROKEN_PIPE = 141
_GONE = "Whoever read the stream is gone: what was read until then is not complete."


def restore_as_stream(plan: RunPlan, order: RestoreOrder, ends: Ends, voice: Voice) -> Restored:
    """Write the archive as `form` into the pipe; raises Failure, and then no complete stream was written."""
    with _reader() as pipe:
        told = _FORMS[order.form](_Streaming(plan, order, ends, voice), pipe)
        if told.stopped:
            raise stopped(told.stopped)
        if not _is_whole(told):
            raise Failure(Reason.STOPPED, _GONE) if _is_gone(pipe) else _failure(plan, told)
    for path in told.unmatched:
        told.warn(f"{path}: not restored: it is not in the archive")
    if told.unmatched and not told.files:
        raise Failure(Reason.NOT_FOUND, f"{order.archive} holds nothing at {', '.join(told.unmatched)}.")
    return Restored(
        files=told.files,
        size=told.size,
        warnings=tuple(told.warnings),
        warning_count=told.warning_count,
        code=told.code,
    )


class _Streaming:
    """One stream; each form is a method that gives what Borg told."""

    def __init__(self, plan: RunPlan, order: RestoreOrder, ends: Ends, voice: Voice) -> None:
        self._plan, self._order, self._ends, self._voice = plan, order, ends, voice

    def tar(self, pipe: int) -> Told:
        """Let Borg write into the pipe itself."""
        command = stream_tar(self._plan, self._order.archive, self._order.paths)
        with borg_running(command, stdout=pipe) as process:
            return Listening(self._ends.control, self._voice).until_the_end(process)

    def zstd(self, pipe: int) -> Told:
        """Put zstd in between. It is not let come to its end where Borg did not: its last frame stays open."""
        out, into = os.pipe()
        zstd = execute.start(_ZSTD, _ENVIRONMENT, stdin=out, stdout=pipe)
        os.close(out)
        try:
            told = self.tar(into)
            if not _is_whole(told):
                zstd.kill()
        finally:
            os.close(into)
            execute.end(zstd, grace_seconds=float(self._plan.stall_timeout), ask_first=False)
        if zstd.returncode != 0 and _is_whole(told):
            told.code = zstd.returncode
        return told

    def zip(self, pipe: int) -> Told:
        """Put a zip writer in between; the zip gets its end only when Borg came to its own."""
        out, into = os.pipe()
        zipping = Zipping(os.fdopen(out, "rb"), os.fdopen(os.dup(pipe), "wb"))
        zipping.start()
        try:
            told = self.tar(into)
        finally:
            os.close(into)
            zipping.join()
        is_whole = _is_whole(told)
        zipping.finish() if is_whole and not zipping.trouble else zipping.abandon()
        if is_whole and zipping.trouble and not _is_gone(pipe):
            raise Failure(Reason.INTERNAL, f"The zip could not be written ({zipping.trouble}); use another --format.")
        if zipping.trouble and is_whole:
            told.code = _BROKEN_PIPE
        for sentence in zipping.left_out:
            told.warn(sentence)
        told.warning_count += zipping.left_out_count - len(zipping.left_out)
        return told


_FORMS: dict[str, Callable[[_Streaming, int], Told]] = {
    "tar": _Streaming.tar,
    "tar.zst": _Streaming.zstd,
    "zip": _Streaming.zip,
}


def _is_whole(told: Told) -> bool:
    return told.code == 0 or exits.is_warning(told.code)


def _failure(plan: RunPlan, told: Told) -> Failure:
    failure = repository.borg_failure(plan, told.code, told.stderr)
    if failure.reason is Reason.INTEGRITY and told.last:
        sentence = (
            f"{told.last} is damaged in the repository, and a stream cannot leave it out: this one ends before it. "
            "Without --format, everything that is whole is restored into a folder, and all that is damaged named."
        )
        failure = Failure(failure.reason, sentence)
    return Failure(
        failure.reason, failure.message, code=told.code, warnings=tuple(told.warnings), count=told.warning_count
    )


@contextmanager
def _reader() -> Iterator[int]:
    """Open the pipe for as long as the block lasts; raises Failure where nobody reads it any more."""
    try:
        pipe = os.open(places.STREAM, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        raise Failure(Reason.STOPPED, _GONE) from error
    try:
        os.set_blocking(pipe, True)
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        yield pipe
    finally:
        os.close(pipe)


def _is_gone(pipe: int) -> bool:
    poll = select.poll()
    poll.register(pipe, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))
