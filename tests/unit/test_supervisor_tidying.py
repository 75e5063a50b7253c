"""Who has seen a run end may ask for the next one at once, although its container is still being removed."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.errors import EngineError
from appliance.record import Operation, Outcome, RequestKind
from tests.supervised import World, until

if TYPE_CHECKING:
    from appliance.supervisor import Supervisor


def assert_the_next_waits_until(let_go: threading.Event, world: World, supervisor: Supervisor) -> None:
    """Ask for another run: it is neither begun nor refused before the engine lets go, and then it works."""
    second = world.journal.ask(RequestKind.RUN, "web1", Operation.CREATE)
    supervisor.tick()
    request = world.journal.request(second)
    assert request is not None
    assert (request.run_id, request.refusal) == ("", "")

    let_go.set()
    world.settle(supervisor)

    assert [run.outcome for run in world.runs()] == [Outcome.SUCCESS, Outcome.SUCCESS]


def test_who_asks_while_the_last_run_is_tidied_up_waits_a_moment_and_is_not_refused() -> None:
    world = World()
    world.journal.set_fact("paused", "2026-11-22T00:00:00+00:00")
    let_go, remove = threading.Event(), world.engine.remove

    def slow(name: str) -> None:
        assert let_go.wait(30)
        remove(name)

    world.engine.remove = slow  # type: ignore[method-assign]  # this one engine takes its time
    supervisor = world.supervisor()
    world.journal.ask(RequestKind.RUN, "web1", Operation.CREATE)

    def has_ended() -> bool:
        supervisor.tick()
        return any(run.finished for run in world.runs())

    until(has_ended)
    assert_the_next_waits_until(let_go, world, supervisor)


def test_who_asks_while_what_could_not_be_removed_at_first_is_removed_is_not_refused_either() -> None:
    world = World()
    world.journal.set_fact("paused", "2026-11-22T00:00:00+00:00")
    let_go, remove, tries = threading.Event(), world.engine.remove, list[str]()

    def refuses_once_and_is_slow(name: str) -> None:
        tries.append(name)
        if len(tries) == 1:
            raise EngineError("the engine is tired")
        assert let_go.wait(30)
        remove(name)

    world.engine.remove = refuses_once_and_is_slow  # type: ignore[method-assign]  # such an engine
    supervisor = world.supervisor()
    world.journal.ask(RequestKind.RUN, "web1", Operation.CREATE)

    def is_removed_anew() -> bool:
        world.clock.advance(timedelta(seconds=6))
        supervisor.tick()
        return len(tries) > 1

    until(is_removed_anew)
    assert_the_next_waits_until(let_go, world, supervisor)
