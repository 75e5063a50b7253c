"""A supervisor with a thousand clients, a year of history and nothing to do: memory, CPU, its answer to a scrape."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Event
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker, wait_for

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest

_SEED = Path(__file__).with_name("seed_journal.py")
_CLIENT = """
[clients.client-{number:04d}]
host = "client-{number:04d}.lan"
paths = ["/"]
schedule = "{minute} 3 1 1 *"
"""
_PYTHON = "/opt/borgpull/bin/python"
_SETTLE_SECONDS = 15.0
_SEED_SECONDS = 900.0
# Of the supervisor's process: ticks of user and system time, ticks a second, resident KiB; then of the container:
# nanoseconds of CPU, where the engine's kernel shows them (cgroup 1 or 2).
_LOOK = """
import os, pathlib, re
for entry in pathlib.Path("/proc").glob("[0-9]*"):
    words = (entry / "cmdline").read_bytes().split(b"\\0")
    if words[-2:-1] == [b"supervise"] and b"python" in words[0]:
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
        resident = re.search(r"VmRSS:\\s+(\\d+)", (entry / "status").read_text()).group(1)
        print((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(resident) * 1024)
        break
one, two = pathlib.Path("/sys/fs/cgroup/cpuacct/cpuacct.usage"), pathlib.Path("/sys/fs/cgroup/cpu.stat")
print(int(one.read_text()) / 1e9 if one.exists() else int(two.read_text().split()[1]) / 1e6)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """What an idle supervisor takes. `cpu_percent` of one core; the container's includes its health checks.

    `metrics_cpu_seconds` is the processor's part of one answer: it says more than the clock where others compute too.
    """

    clients: int
    days: int
    seconds: float
    resident_bytes: int
    container_memory: str
    cpu_percent: float
    container_cpu_percent: float
    metrics_bytes: int
    metrics_seconds: tuple[float, ...]
    metrics_cpu_seconds: float

    @property
    def metrics_median(self) -> float:
        """The answer to a scrape, in seconds."""
        return median(self.metrics_seconds)


def configure(appliance: ApplianceUnderTest, clients: int, days: int) -> None:
    """Write clients that are due on New Year's Day, each with so many days of history, before the supervisor starts."""
    before = appliance.read("/config/borgpull.toml")
    text = "".join(_CLIENT.format(number=number, minute=number % 60) for number in range(1, clients + 1))
    appliance.write_config(before + text)
    docker(
        "run", "--rm", "--interactive", "--label", appliance.lab.label, "--network", "none",
        "--volume", f"{appliance.volumes['state']}:/state", "--entrypoint", _PYTHON, appliance.lab.image,
        "-", str(clients), str(days), within=_SEED_SECONDS, stdin=_SEED.read_text("utf-8"),
    )  # fmt: skip


def watch(appliance: ApplianceUnderTest, clients: int, days: int, seconds: float, scrapes: int) -> Idle:
    """Let it be for that long, then scrape it."""
    wait_for(lambda: _knows(appliance, clients), within=60, what=f"{clients} clients in /metrics")
    Event().wait(_SETTLE_SECONDS)
    spent, _, spent_by_all = _look(appliance)
    began = time.monotonic()
    Event().wait(seconds)
    lasted = time.monotonic() - began
    spent_now, resident, spent_by_all_now = _look(appliance)
    answers, text = [], ""
    for _ in range(scrapes):
        began = time.monotonic()
        _, text = appliance.get("/metrics")
        answers.append(time.monotonic() - began)
    spent_after, _, _ = _look(appliance)
    return Idle(
        clients=clients,
        days=days,
        seconds=lasted,
        resident_bytes=resident,
        container_memory=_container_memory(appliance),
        cpu_percent=100 * (spent_now - spent) / lasted,
        container_cpu_percent=100 * (spent_by_all_now - spent_by_all) / lasted,
        metrics_bytes=len(text.encode()),
        metrics_seconds=tuple(answers),
        metrics_cpu_seconds=(spent_after - spent_now) / scrapes,
    )


def _knows(appliance: ApplianceUnderTest, clients: int) -> bool:
    status, text = appliance.get("/metrics")
    return status == 200 and f'client="client-{clients:04d}"' in text


def _look(appliance: ApplianceUnderTest) -> tuple[float, int, float]:
    spent, resident, spent_by_all = docker("exec", appliance.supervisor, _PYTHON, "-c", _LOOK).stdout.split()
    return float(spent), int(resident), float(spent_by_all)


def _container_memory(appliance: ApplianceUnderTest) -> str:
    shown = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", appliance.supervisor)
    return shown.stdout.partition("/")[0].strip()
