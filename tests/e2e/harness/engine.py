"""The tests' own door to the engine: the docker command, with a deadline on every call."""

from __future__ import annotations

import subprocess
import time
from threading import Event
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Completed = subprocess.CompletedProcess[str]

_T = TypeVar("_T")
_CALL_SECONDS = 120.0
_POLL_SECONDS = 0.1


def docker(*words: str, stdin: str | None = None, check: bool = True, within: float = _CALL_SECONDS) -> Completed:
    """Run one docker command; fails the test with both outputs unless it ends well, or `check` is off."""
    # No standard input but what is given: a command that waits for one must not hang a run without a terminal.
    done = subprocess.run(
        ("docker", *words),
        input=stdin or "",
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=within,
        check=False,
    )
    assert not check or done.returncode == 0, f"docker {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def names_of(kind: str, *filters: str) -> list[str]:
    """List containers (running or not), volumes or networks by filters such as label=…"""
    chosen = [word for one in filters for word in ("--filter", one)]
    everything = ["--all"] if kind == "container" else []
    shown = "{{.Names}}" if kind == "container" else "{{.Name}}"
    return docker(kind, "ls", *everything, *chosen, "--format", shown).stdout.split()


def wait_for(question: Callable[[], _T], *, within: float, what: str) -> _T:
    """Ask until the answer is true, and return it; fails the test after `within` seconds, saying what was awaited."""
    asked = time.monotonic()
    deadline = asked + within
    while not (answer := question()):
        answered = time.monotonic()
        assert answered < deadline, f"not within {within:g} s: {what}"
        # A question that takes long (a command, a container) must not take a core from what is waited for.
        Event().wait(max(_POLL_SECONDS, answered - asked))
        asked = time.monotonic()
    return answer
