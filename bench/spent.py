"""What containers spend while something runs: processor time and memory, by the kernel's account of their groups.

Looked at from the host, so that looking costs the containers nothing. Where the engine runs elsewhere (in a virtual
machine of its own) there is nothing to look at, and the numbers are None.
"""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

from appliance.plan.places import LABEL_CLIENT
from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

_LOOK_SECONDS = 0.05
_GROUPS = Path("/sys/fs/cgroup")
_STARTED = '{{.ID}} {{index .Actor.Attributes "name"}}'
_RESIDENT = re.compile(r"VmHWM:\s+(\d+)")
_USAGE = re.compile(r"usage_usec (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Seconds of one core, and the most memory in bytes: the largest resident sets of all processes of a moment."""

    cpu_seconds: float | None
    resident_bytes: int | None


class Account:
    """The kernel's account of one container."""

    def __init__(self, container: str) -> None:
        """Find its control group by its first process; without one all answers are None."""
        process = docker("inspect", "--format", "{{.State.Pid}}", container, check=False).stdout.strip()
        self._folder, self._usage = _found(process)
        self._before = self._read() or 0.0
        self._now = self._before
        self._most = 0

    def begin(self) -> None:
        """Count from now on."""
        self._before = self._now = self._read() or 0.0
        self._most = 0

    def begin_with_its_start(self) -> None:
        """Count from when the container started."""
        self._before = 0.0

    def look(self) -> None:
        """Note what there is now; a container that is gone has spent what it had at the last look."""
        self._now = self._read() or self._now
        self._most = max(self._most, sum(self._resident()))

    @property
    def cpu_seconds(self) -> float:
        """What it has spent by the last look."""
        return self._now - self._before

    @property
    def resident_bytes(self) -> int:
        """The most that it took."""
        return self._most

    @property
    def is_known(self) -> bool:
        """Whether there is an account to read."""
        return self._folder is not None

    def _read(self) -> float | None:
        try:
            text = self._usage.read_text("ascii") if self._usage else ""
        except OSError:
            return None
        if (found := _USAGE.search(text)) is not None:
            return int(found.group(1)) / 1e6
        return int(text) / 1e9 if text else None

    def _resident(self) -> Iterator[int]:
        try:
            processes = (self._folder / "cgroup.procs").read_text("ascii").split() if self._folder else []
        except OSError:
            return
        for process in processes:
            try:
                found = _RESIDENT.search(Path("/proc", process, "status").read_text("ascii", "replace"))
            except OSError:
                continue
            yield int(found.group(1)) * 1024 if found else 0


class Spending:
    """What one side spends within the block: some containers that are there, and those of a client that start."""

    def __init__(self, containers: Sequence[str], *, client: str = "", prefix: str = "") -> None:
        """`client` is whose containers to await, of the appliance whose names begin with `prefix`."""
        self._there = [Account(container) for container in containers]
        self._client, self._prefix = client, prefix
        self._started: list[Account] = []
        self._ended = Event()

    def __enter__(self) -> Self:
        self._listening = self._listen() if self._client else None
        for account in self._there:
            account.begin()
        self._looking = Thread(target=self._look)
        self._looking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._looking.join()
        if self._listening:
            self._listening.terminate()
            self._listening.wait()

    @property
    def spent(self) -> Spent:
        """The sum of all, after the block; the memory is that of a client's containers alone, where one is awaited.

        It is an upper bound: not all processes may have been largest at once.
        """
        accounts = (*self._there, *self._started)
        if not all(account.is_known for account in accounts):
            return Spent(cpu_seconds=None, resident_bytes=None)
        return Spent(
            cpu_seconds=sum(account.cpu_seconds for account in accounts),
            resident_bytes=sum(account.resident_bytes for account in (self._started if self._client else self._there)),
        )

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            self._look_once()
        self._look_once()

    def _look_once(self) -> None:
        for account in (*self._there, *self._started):
            account.look()

    def _listen(self) -> subprocess.Popen[str]:
        # Without --since one could start before the engine tells of it.
        told = subprocess.Popen(
            (
                "docker", "events", "--since", f"{time.time():.3f}", "--filter", "type=container",
                "--filter", "event=start", "--filter", f"label={LABEL_CLIENT}={self._client}", "--format", _STARTED,
            ),
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        Thread(target=self._hear, args=(told,), daemon=True).start()
        return told

    def _hear(self, told: subprocess.Popen[str]) -> None:
        for line in told.stdout or ():
            container, name = line.split()
            if name.startswith(self._prefix):
                account = Account(container)
                account.begin_with_its_start()
                self._started.append(account)


def _found(process: str) -> tuple[Path | None, Path | None]:
    """Return the folder of a process's control group, and the file with its processor time: of version 1 or 2."""
    try:
        lines = Path("/proc", process, "cgroup").read_text("ascii").splitlines()
    except (OSError, ValueError):
        return None, None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if "cpuacct" in controllers.split(","):
            folder = _GROUPS / "cpuacct" / path.lstrip("/")
            return folder, folder / "cpuacct.usage"
        if not controllers and (folder := _GROUPS / path.lstrip("/")).joinpath("cpu.stat").exists() and path != "/":
            return folder, folder / "cpu.stat"
    return None, None
