"""Work of the operator in a container that holds the client's lock like a run, and is no run that is recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.ask import ask, own
from appliance.errors import EngineError, NameTakenError, OutputLostError
from appliance.plan import places
from appliance.plan.container import plan_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from appliance.cli.surroundings import Surroundings
    from appliance.plan.events import Result
    from appliance.plan.run_plan import RunPlan
    from appliance.ports import ContainerSpec

_STOP_SECONDS = 90


def carried_out(
    world: Surroundings, plan: RunPlan, spec: ContainerSpec, hear: Callable[[Mapping[str, Any]], None]
) -> Result:
    """Follow the container to its end, give `hear` what it says, and remove its plan; raises EngineError."""
    written = world.state_folder / Path(plan_file(plan)).relative_to(places.STATE)
    answers = ask(world.engine(), spec)
    try:
        while True:
            hear(next(answers))
    except StopIteration as end:
        result: Result = end.value
        return result
    except NameTakenError as error:
        raise busy(plan.client) from error
    except (KeyboardInterrupt, BrokenPipeError, OutputLostError):
        # Asked to end, it leaves no lock and nothing on the client.
        if own(world.engine(), spec) is not None:
            world.engine().stop(spec.name, _STOP_SECONDS)
        raise
    finally:
        answers.close()
        written.unlink(missing_ok=True)


def busy(client: str) -> EngineError:
    """Say that another run has the client."""
    return EngineError(
        f"{client} is busy: another run of it goes on, and two never do at once; `borgpull status {client}` shows it"
    )
