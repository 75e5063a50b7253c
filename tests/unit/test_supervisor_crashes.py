"""The supervisor may be killed between any two calls: every run still ends exactly once, and none is started twice."""

from __future__ import annotations

import threading
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import pytest

from appliance.record import Operation, Outcome, Reason, RequestKind
from tests.supervised import Killed, Life, World, hanging, success, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.supervisor import Supervisor

# The threads of a killed process end by an exception here, where the kernel would end them in silence.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
MOST_CALLS = 400


@pytest.fixture(autouse=True)
def _threads_end_with_their_test() -> Iterator[None]:
    """A thread of a killed process that ends late would be charged to the next test."""
    yield
    until(lambda: not any(thread.name.startswith(("run-", "end-")) for thread in threading.enumerate()))


def killed_after(world: World, calls: int) -> bool:
    """Let a supervisor live for so many calls; return whether it was killed before its work was done."""
    life = Life(calls)
    try:
        supervisor = world.supervisor(life)
        until(lambda: _tick_is_last(world, supervisor, life))
    except Killed:
        return True
    return life.dead


def _tick_is_last(world: World, supervisor: Supervisor, life: Life) -> bool:
    supervisor.tick()
    running = any(script.script.hangs for script in world.engine._containers.values())
    return life.dead or running or (bool(world.runs()) and not world.journal.unfinished() and not world.left())


def check_the_end(world: World) -> None:
    runs = world.runs()
    started = [spec.labels["borgpull.run"] for spec in world.engine.started]
    assert len(started) <= 1, "started twice"
    assert all(run.finished is not None for run in runs)
    assert len({run.run_id for run in runs}) == len(runs)
    for run in runs:
        if run.run_id in started:
            assert run.outcome is Outcome.SUCCESS
        else:
            assert (run.outcome, run.reason) == (Outcome.INTERRUPTED, Reason.KILLED)
    assert len(world.journal.archives("web1")) == len(started)
    assert world.left() == []


@pytest.mark.parametrize("asked", [False, True])
def test_a_short_run_survives_a_kill_at_any_moment(*, asked: bool) -> None:
    for calls in count():
        assert calls < MOST_CALLS
        world = World(play=success)
        if asked:
            world.journal.set_fact("paused", "2026-11-22T00:00:00+00:00")
            world.journal.ask(RequestKind.RUN, "web1", Operation.CREATE)
        killed = killed_after(world, calls)

        world.settle(world.supervisor())

        check_the_end(world)
        assert world.runs()
        assert world.journal.open_requests() == []
        if not killed:
            assert calls > 20
            return


def test_a_run_in_progress_survives_a_kill_at_any_moment() -> None:
    for calls in count():
        assert calls < MOST_CALLS
        world = World(play=hanging)
        killed = killed_after(world, calls)
        second = world.supervisor()
        until(partial(_grown_old, world, second))

        world.settle(second)

        check_the_end(world)
        if not killed:
            assert calls > 20
            return


def _grown_old(world: World, supervisor: Supervisor) -> bool:
    """Tick until the run has ended: its container may begin only after some ticks, and is then let end by itself."""
    supervisor.tick()
    if "borgpull-web1" in world.left():
        world.engine.end("borgpull-web1", 0)
    return bool(world.runs()) and not world.journal.unfinished()
