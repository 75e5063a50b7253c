"""One question to a client's repository or machine: a container of its own that answers and is gone."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from appliance.errors import EngineError
from appliance.plan import events, places
from appliance.plan.judge import more_telling, question_verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from appliance.ports import ContainerSpec, ContainerState, Engine

# A stream ends a moment before the engine says that its container ended.
_LOOKS = (0.0, 0.05, 0.1, 0.2, 0.4)


def ask(
    engine: Engine, spec: ContainerSpec, pause: Callable[[float], object] = time.sleep
) -> Generator[Mapping[str, Any], None, events.Result]:
    """Yield the answers as they come and return how it ended; the container is removed whatever happens.

    Closing the generator early ends the question. Raises EngineError when the engine fails or the answer breaks off:
    half a list must not look like a whole one.
    """
    engine.start(spec)
    try:
        result: events.Result | None = None
        count = 0
        for line in engine.lines(spec.name):
            event = events.read(line)
            if isinstance(event, events.Data) and "items" in event.value:
                yield from event.value["items"]
                count += len(event.value["items"])
                if count != event.value["count"]:
                    raise EngineError(f"a part of the answer of {spec.name} was lost; ask again")
            elif isinstance(event, events.Data):
                yield event.value
            elif isinstance(event, events.Result):
                result = more_telling(result, event)
        state = _ended(engine, spec, pause)
        end = question_verdict(state, result)
        told = result or events.Result(outcome=end.outcome)
        return replace(told, outcome=end.outcome, reason=end.reason, message=end.message)
    finally:
        if own(engine, spec) is not None:
            engine.remove(spec.name)


def own(engine: Engine, spec: ContainerSpec) -> ContainerState | None:
    """Return the question's own container, None where it is gone.

    One that shares its name with a client's runs may have been swept away, and the name be another's.
    """
    state = engine.inspect(spec.name)
    is_own = state is not None and state.labels.get(places.LABEL_RUN) == spec.labels.get(places.LABEL_RUN)
    return state if is_own else None


def _ended(engine: Engine, spec: ContainerSpec, pause: Callable[[float], object]) -> ContainerState | None:
    """Return how the container of a stream that has ended stands; raises EngineError where it goes on unheard."""
    for seconds in _LOOKS:
        pause(seconds)
        state = own(engine, spec)
        if state is None or not state.running:
            return state
    # Asked to end, it leaves no lock and nothing on the client; one that is removed as it runs may leave both.
    engine.stop(spec.name, spec.stop_grace)
    raise EngineError(f"the answer of {spec.name} broke off; ask again")
