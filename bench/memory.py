"""How much memory something takes: a command by the kernel's account, passing containers by looking at them."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Self

from appliance.plan.places import LABEL_CLIENT
from bench.way import NotTheSameWorkError
from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from types import TracebackType

    from tests.e2e.harness.appliance import ApplianceUnderTest

_PYTHON = "/opt/borgpull/bin/python"
_COMMAND_SECONDS = 1800.0
_STARTED = '{{.ID}} {{index .Actor.Attributes "name"}}'
# Runs the words after the first, with standard output into the file that the first one names.
_TAKE = """
import json, resource, subprocess, sys, time
with open(sys.argv[1], "wb") as out:
    began = time.monotonic()
    code = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=out).returncode
    took = time.monotonic() - began
with open(sys.argv[1], "rb") as out:
    lines = sum(1 for _ in out)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps({"code": code, "seconds": took, "resident_bytes": peak, "lines": lines}))
"""
# Of all processes of the container but itself: the kernel's highest resident set of each, added up, a line whenever
# that is more than before, in bytes.
_LOOK = """
import os, re, time
most = 0
while True:
    now = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                with open(f"/proc/{entry}/status") as status:
                    found = re.search(r"VmHWM:\\s+(\\d+)", status.read())
            except OSError:
                continue
            now += int(found.group(1)) * 1024 if found else 0
    if now > most:
        most = now
        print(most, flush=True)
    time.sleep(0.1)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a command took: seconds by the clock, the largest of its processes in bytes, the lines that it printed."""

    seconds: float
    resident_bytes: int
    lines: int


def take(container: str, output: str, *words: str) -> Taken:
    """Run a command in a container, its standard output into that file there; raises NotTheSameWorkError on failure."""
    done = docker("exec", container, _PYTHON, "-c", _TAKE, output, *words, within=_COMMAND_SECONDS)
    found = json.loads(done.stdout.splitlines()[-1])
    if found.pop("code") != 0:
        raise NotTheSameWorkError(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
    return Taken(**found)


class Watch:
    """Looks at every container of a client that starts within the block."""

    def __init__(self, appliance: ApplianceUnderTest, client: str) -> None:
        """Look at those of this appliance alone: another one may have a client of that name too."""
        self._client, self._prefix = client, f"{appliance.name}-"
        self._peaks: list[int] = []
        self._looks: list[Thread] = []

    def __enter__(self) -> Self:
        # Without --since one could start before the engine tells of it.
        since = f"{time.time():.3f}"
        self._told = subprocess.Popen(
            (
                "docker", "events", "--since", since, "--filter", "type=container", "--filter", "event=start",
                "--filter", f"label={LABEL_CLIENT}={self._client}", "--format", _STARTED,
            ),
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._listening = Thread(target=self._listen)
        self._listening.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._told.terminate()
        self._told.wait()
        for thread in (self._listening, *self._looks):
            thread.join()

    @property
    def resident_bytes(self) -> int:
        """Return the most that one of them took, an upper bound: its processes may not have been largest at once."""
        return max(self._peaks, default=0)

    def _listen(self) -> None:
        for line in self._told.stdout or ():
            container, name = line.split()
            if not name.startswith(self._prefix):
                continue
            look = Thread(target=self._look, args=(container,))
            self._looks.append(look)
            look.start()

    def _look(self, container: str) -> None:
        # It ends with the container.
        argv = ("docker", "exec", container, _PYTHON, "-c", _LOOK)
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        self._peaks.extend(int(line) for line in done.stdout.split())
