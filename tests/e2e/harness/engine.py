"""The tests' own door to the engine: the docker command, or a question; with a deadline on every call."""

from __future__ import annotations

import subprocess
import time
from threading import Event, local
from typing import TYPE_CHECKING, Any, TypeVar

from docker import APIClient
from docker.errors import NotFound
from docker.utils import kwargs_from_env

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

Completed = subprocess.CompletedProcess[str]

_T = TypeVar("_T")
_CALL_SECONDS = 120.0
_POLL_SECONDS = 0.1
_OF_THIS_THREAD = local()


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
    """List containers (running or not) or volumes by filters such as label=…"""
    chosen: dict[str, list[str]] = {}
    for name, _, value in (one.partition("=") for one in filters):
        chosen.setdefault(name, []).append(value)
    if kind == "container":
        return [name.strip("/") for one in _api().containers(all=True, filters=chosen) for name in one["Names"]]
    assert kind == "volume", kind
    return [str(one["Name"]) for one in _api().volumes(filters=chosen)["Volumes"] or ()]


def state_of(container: str) -> dict[str, Any]:
    """Return what the engine says of a container under `State`; nothing of one that is not there."""
    try:
        state: dict[str, Any] = _api().inspect_container(container)["State"]
    except NotFound:
        return {}
    return state


def is_running(container: str) -> bool:
    """Whether a container is there and runs."""
    return bool(state_of(container).get("Running"))


def _api() -> APIClient:
    # What is asked ten times a second goes without a command: its start costs more than the question. One for each
    # thread, since a client is not made for two.
    if not hasattr(_OF_THIS_THREAD, "api"):
        _OF_THIS_THREAD.api = APIClient(**kwargs_from_env(), version="auto", timeout=int(_CALL_SECONDS))
    api: APIClient = _OF_THIS_THREAD.api
    return api


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


def wait_beside(going: Future[Any], question: Callable[[], _T], *, within: float, what: str) -> _T:
    """As `wait_for`, of what goes on beside: where that ends first, its own failure is the test's."""

    def answer() -> _T:
        if going.done():
            raise AssertionError(f"it ended before {what}: {going.result()}")
        return question()

    return wait_for(answer, within=within, what=what)
