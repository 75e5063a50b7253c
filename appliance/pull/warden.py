"""The root half of a pull container: it mounts, starts, watches and undoes, and reads no byte of a client.

All text and data of the client are met by the controller, by ssh, sshfs and Borg, which hold no capability (S2).
Between them and this process pass only the words of `link`.
"""

from __future__ import annotations

import math
import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from appliance.errors import ExitCode
from appliance.plan import events
from appliance.pull import launches, link
from appliance.pull.execute import Ending, Process, start
from appliance.pull.failure import stopped
from appliance.pull.mounting import ClientMount
from appliance.pull.signals import SignalPipe
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.launch import LaunchSpec

# Borg makes a checkpoint at the first interrupt, so that a long first backup does not start from nothing.
_INTERRUPT = ((0, signal.SIGINT), (30, signal.SIGTERM), (45, signal.SIGKILL))
# With the source gone there is nothing left worth keeping, and reads may hang until sshfs is dead.
_ABORT = ((0, signal.SIGTERM), (20, signal.SIGKILL))
_ENDS = frozenset({signal.SIGTERM, signal.SIGINT})
# After a stop the controller has this long to say its last word.
_LAST_WORD_SECONDS = 75
_TICK_SECONDS = 1.0


class Warden:
    """One run, seen from root: at most one mount, one controller and one `borg create`."""

    def __init__(self, plan: RunPlan) -> None:
        """Prepare; nothing happens yet."""
        self._plan = plan
        self._link: link.Link
        self._controller: Process
        self._borg: Process | None = None
        self._borg_reported = False
        self._mount = ClientMount(plan, self._launch_file_system)
        self._lost = False
        self._done = False
        self._ending: Ending | None = None
        self._stopped_because: Reason | None = None
        # Silence counts from the controller's first word: reaching the client and opening the repository have limits
        # of their own, and a slow disk of ours is no stalled client.
        self._last_sign = math.inf
        self._deadline = self._last_word = 0.0
        self._signals = SignalPipe((signal.SIGCHLD, *_ENDS))
        self._selector = selectors.DefaultSelector()
        self._pipes: tuple[int, int, int] = (-1, -1, -1)

    def run(self) -> int:
        """Do the run; whatever happens, leave no process and no mount; return the container's exit code."""
        self._selector.register(self._signals, selectors.EVENT_READ)
        self._deadline = time.monotonic() + self._plan.timeout
        try:
            self._start_controller()
            while self._controller.poll() is None:
                self._listen()
                self._look_after_borg()
                self._look_after_mount()
                self._look_at_the_time()
            self._drain()
        finally:
            self._undo()
        return self._exit_code()

    def _start_controller(self) -> None:
        ours, theirs = link.pair()
        self._link = link.Link(ours)
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        sshfs_read, sshfs_write = os.pipe()
        self._pipes = (out_write, err_write, sshfs_write)
        handed = (theirs.fileno(), out_read, err_read, sshfs_read)
        self._controller = self._launch(launches.controller(self._plan, handed), descriptors=handed)
        theirs.close()
        for number in handed[1:]:
            os.close(number)
        self._selector.register(self._link, selectors.EVENT_READ)

    def _launch(
        self,
        spec: LaunchSpec,
        *,
        descriptors: tuple[int, ...] = (),
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> Process:
        environment = {**spec.env, **(launches.chroot_loader_environment() if spec.chroot else {})}
        return start(spec.command(), environment, descriptors=descriptors, stdout=stdout, stderr=stderr)

    def _launch_file_system(self, spec: LaunchSpec, descriptors: tuple[int, ...]) -> Process:
        return self._launch(spec, descriptors=descriptors, stderr=self._pipes[2])

    def _listen(self) -> None:
        for key, _ in self._selector.select(_TICK_SECONDS):
            if key.fileobj is self._link:
                self._obey()
            elif self._signals.taken() & _ENDS:
                self._stop(Reason.STOPPED)

    def _obey(self) -> None:
        said = self._link.hear()
        self._last_sign = time.monotonic()
        match said.word if said else "":
            case link.MOUNT:
                self._open_mount()
            case link.CREATE:
                self._create(said.note if said else "")
            case link.INTERRUPT if self._borg:
                self._ending = Ending(self._borg, _INTERRUPT)
            case link.UNMOUNT:
                self._mount.close()
                self._link.say(link.UNMOUNTED)
            case link.DONE:
                self._done = True
            case "":
                self._selector.unregister(self._link)
            case _:
                pass

    def _drain(self) -> None:
        """Hear what the controller said just before it ended."""
        os.set_blocking(self._link.fileno(), False)
        with suppress(BlockingIOError):
            while said := self._link.hear():
                self._done = self._done or said.word == link.DONE

    def _open_mount(self) -> None:
        try:
            self._mount.open()
        except OSError as error:
            self._link.say(link.MOUNT_FAILED, error)
        else:
            self._link.say(link.MOUNTED)

    def _create(self, shown: str) -> None:
        spec = launches.borg_create(self._plan, frozenset(shown.split()))
        self._borg = self._launch(spec, stdout=self._pipes[0], stderr=self._pipes[1])
        # The controller reads until the last writer is gone; that must be Borg.
        os.close(self._pipes[0])
        os.close(self._pipes[1])
        if self._lost:
            self._ending = Ending(self._borg, _ABORT)

    def _look_after_borg(self) -> None:
        if self._borg is None or self._borg_reported:
            return
        if self._ending:
            self._ending.tick()
            if self._ending.is_spent:
                # It reads from a mount that stands still: nothing wakes it but the end of sshfs (fs/fuse/dev.c).
                self._mount.kill()
        if self._borg.poll() is not None:
            self._borg_reported = True
            self._link.say(link.CREATED, self._borg.returncode)

    def _look_after_mount(self) -> None:
        if self._lost or not self._mount.has_died:
            return
        self._lost = True
        self._link.say(link.LOST)
        if self._borg and self._borg.poll() is None:
            self._ending = Ending(self._borg, _ABORT)

    def _look_at_the_time(self) -> None:
        now = time.monotonic()
        if self._stopped_because:
            if now > self._last_word:
                self._controller.kill()
        elif self._borg_reported:
            # What is left is bookkeeping; cut between rename and record it would leave an archive of a failed run.
            return
        elif now > self._deadline:
            self._stop(Reason.TIMEOUT)
        elif now - self._last_sign > self._plan.stall_timeout:
            self._stop(Reason.STALLED)

    def _stop(self, reason: Reason) -> None:
        if self._stopped_because:
            return
        self._stopped_because = reason
        self._last_word = time.monotonic() + _LAST_WORD_SECONDS
        self._link.say(link.STOP, reason)
        if reason is Reason.STALLED:
            self._mount.kill()
        if self._borg and self._borg.poll() is None:
            self._ending = Ending(self._borg, _ABORT if reason is Reason.STALLED else _INTERRUPT)

    def _undo(self) -> None:
        """Borg, then the mount, then everybody else: no container may end with a live FUSE mount under a process."""
        for process in (self._borg, self._controller):
            if process and process.poll() is None:
                process.kill()
        self._mount.close()
        # All that is left belongs to this run: processes of the unprivileged user in this container.
        with suppress(ProcessLookupError, PermissionError):
            os.kill(-1, signal.SIGKILL)
        for process in (self._borg, self._controller):
            if process:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(10)

    def _exit_code(self) -> int:
        code = self._controller.returncode
        if self._done and code in {outcome.exit_code for outcome in Outcome}:
            return code
        result = self._last_word_for_the_controller()
        print(events.write(result), flush=True)  # noqa: T201 - standard output is the channel to the supervisor
        return result.outcome.exit_code

    def _last_word_for_the_controller(self) -> events.Result:
        if self._stopped_because:
            return stopped(self._stopped_because).result()
        if self._controller.returncode > 0:
            return events.Result(
                outcome=Outcome.FAILED,
                reason=Reason.INTERNAL,
                message="A fault in Borgpull itself ended the pull; the supervisor's log has what it said.",
                exit_code=self._controller.returncode,
            )
        return events.Result(
            outcome=Outcome.INTERRUPTED,
            reason=Reason.KILLED,
            message=f"The pull process was killed in the middle (exit {self._controller.returncode}).",
            exit_code=int(ExitCode.INTERRUPTED),
        )
