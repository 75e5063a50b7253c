from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import cast

from appliance.pull import execute

STUBBORN = """
import signal, time
for number in (2, 15):
    signal.signal(number, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


def test_a_program_gets_exactly_its_environment() -> None:
    finished = execute.run(
        (sys.executable, "-c", "import os; print(sorted(os.environ))"), {"A": "b"}, timeout_seconds=30
    )

    assert "'A'" in finished.stdout
    assert "HOME" not in finished.stdout


def test_a_program_that_does_not_end_is_killed_at_its_limit() -> None:
    begun = time.monotonic()

    finished = execute.run((sys.executable, "-c", "import time; time.sleep(60)"), {}, timeout_seconds=0.5)

    assert finished.code == -signal.SIGKILL
    assert time.monotonic() - begun < 30


def test_an_ending_becomes_ruder_until_it_works() -> None:
    process = execute.start((sys.executable, "-c", STUBBORN), {}, stdout=execute.PIPE)
    assert process.stdout is not None
    process.stdout.readline()

    ending = execute.Ending(process, ((0, signal.SIGINT), (0.05, signal.SIGTERM), (0.1, signal.SIGKILL)))
    assert not ending.is_spent
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        ending.tick()

    assert process.returncode == -signal.SIGKILL
    assert not ending.is_spent
    process.stdout.close()


def test_an_ending_is_spent_when_its_last_signal_did_not_help() -> None:
    process = execute.start((sys.executable, "-c", STUBBORN), {}, stdout=execute.PIPE)
    assert process.stdout is not None
    process.stdout.readline()

    assert execute.Ending(process, ((0, signal.SIGTERM),)).is_spent
    process.kill()
    process.wait()
    process.stdout.close()


def test_end_waits_for_its_grace_and_then_kills() -> None:
    process = execute.start((sys.executable, "-c", STUBBORN), {}, stdout=execute.PIPE)
    assert process.stdout is not None
    process.stdout.readline()

    execute.end(process, grace_seconds=0.1)

    assert process.returncode == -signal.SIGKILL
    process.stdout.close()


class Held:
    """A process that the kernel does not let die until something else lets go of it."""

    def __init__(self) -> None:
        self.is_let_go = False
        self.signals: list[str] = []

    def poll(self) -> int | None:
        return -9 if self.is_let_go else None

    def terminate(self) -> None:
        self.signals.append("terminate")

    def kill(self) -> None:
        self.signals.append("kill")

    def wait(self, timeout: float | None = None) -> int:
        if self.is_let_go:
            return -9
        assert timeout is not None, "this would wait for ever"
        raise subprocess.TimeoutExpired("held", timeout)


def test_where_not_even_a_kill_helps_the_last_resort_is_taken() -> None:
    held = Held()

    execute.end(cast("execute.Process", held), grace_seconds=0.1, at_last=lambda: setattr(held, "is_let_go", True))

    assert held.signals == ["terminate", "kill"]
    assert held.is_let_go


def test_where_a_kill_helps_the_last_resort_is_left_alone() -> None:
    taken: list[str] = []
    process = execute.start((sys.executable, "-c", STUBBORN), {}, stdout=execute.PIPE)
    assert process.stdout is not None
    process.stdout.readline()

    execute.end(process, grace_seconds=0.1, at_last=lambda: taken.append("taken"))

    assert (process.returncode, taken) == (-signal.SIGKILL, [])
    process.stdout.close()
