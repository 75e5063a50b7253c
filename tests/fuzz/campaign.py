"""One target after the other, each in a process of its own: bounded in time and memory, and what came of it."""

from __future__ import annotations

import base64
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.seeds import seeds

PYTHON = Path(".venv/fuzz/bin/python")
# What was learnt stays from one run to the next: inputs that take new ways, and those that were findings.
_ROOM = Path("build/fuzz")
# Of one process that has Python, Atheris and one small tree: about 100 MB. Of one input: milliseconds.
_MOST_MEMORY_MB = 400
_MOST_SECONDS = 10
_LONGEST_INPUT = 16 << 10
# From the first import to the first input, and the last input to the end.
_AROUND_SECONDS = 120
_EXECUTIONS = re.compile(r"stat::number_of_executed_units: (\d+)")
_PEAK = re.compile(r"stat::peak_rss_mb: +(\d+)")
_WRITTEN = re.compile(r"Test unit written to (\S+)")
_TOLD_LINES, _TOLD_LETTERS = 25, 300
_SHORT = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one target. `finding` is "" where there is none, else all that it takes to see it again."""

    target: str
    executions: int
    peak_mb: int
    finding: str = ""

    def __str__(self) -> str:
        found = f"{self.target}: executions {self.executions} / peak memory {self.peak_mb} MB / findings"
        return f"{found} 1\n{self.finding}" if self.finding else f"{found} 0"


class Campaign:
    """Fuzzes each target for so many seconds."""

    def __init__(self, *, seconds: int) -> None:
        self._seconds = seconds
        self._seeds = seeds()

    def fuzz(self, target: str) -> Result:
        """Fuzz one; a process that ends in any other way than by the clock has found something."""
        corpus, found = _ROOM / target, _ROOM / "found"
        for folder in (corpus, found):
            folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(self._seeds[target]):
            (corpus / f"seed-{number}").write_bytes(seed)
        done = subprocess.run(
            (*(str(PYTHON), "-m", "tests.fuzz.one", target), *self._arguments(target, found), str(corpus)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=self._seconds + _AROUND_SECONDS,
            check=False,
        )
        said = done.stdout.decode("utf-8", "replace")
        executions, peak = (_number(pattern, said) for pattern in (_EXECUTIONS, _PEAK))
        finding = "" if done.returncode == 0 and executions else _finding(target, said)
        return Result(target=target, executions=executions, peak_mb=peak, finding=finding)

    def _arguments(self, target: str, found: Path) -> tuple[str, ...]:
        return (
            f"-max_total_time={self._seconds}",
            f"-max_len={_LONGEST_INPUT}",
            f"-rss_limit_mb={_MOST_MEMORY_MB}",
            f"-timeout={_MOST_SECONDS}",
            f"-artifact_prefix={found}/{target}-",
            "-print_final_stats=1",
        )


def _number(pattern: re.Pattern[str], said: str) -> int:
    found = pattern.search(said)
    return int(found[1]) if found else 0


def _finding(target: str, said: str) -> str:
    """Say what went wrong, and how to see it again."""
    last = "\n".join(f"  {line[:_TOLD_LETTERS]}" for line in said.splitlines()[-_TOLD_LINES:])
    written = _WRITTEN.search(said)
    if written is None:
        return f"{last}\n  No input was kept: {target} did not even begin, or was ended from outside."
    file = Path(written[1])
    again = f"  again: .venv/bin/python -m tests.fuzz --again {target} {file}"
    data = file.read_bytes()
    if len(data) > _SHORT:
        return f"{last}\n{again}"
    return f"{last}\n{again}\n  the input in base64: {base64.b64encode(data).decode('ascii')}"
