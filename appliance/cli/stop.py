"""`borgpull stop`: ask the supervisor to stop the runs in progress of clients."""

from __future__ import annotations

import click

from appliance.cli.readable import safe_lines
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client, require_supervisor
from appliance.errors import ExitCode, StateError, SupervisorError
from appliance.record import Operation, RequestKind

_POLL_SECONDS = 0.2
_PATIENCE_POLLS = 50


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@in_surroundings
def stop(world: Surroundings, names: tuple[str, ...]) -> None:
    """Stop the run in progress of clients. No archive of it counts, and nothing is left behind.

    Example: borgpull stop web1
    """
    appliance = world.load()
    chosen = [known_client(appliance, name).name for name in dict.fromkeys(names)]
    require_supervisor(world.journal(), world.clock.now())
    refusals = [_stopped(world, name) for name in chosen]
    if any(refusals):
        click.get_current_context().exit(ExitCode.SKIPPED)


def _stopped(world: Surroundings, name: str) -> str:
    """Ask and wait for the answer; returns the refusal, or nothing."""
    store = world.journal()
    request_id = store.ask(RequestKind.STOP, name, Operation.CREATE)
    for _ in range(_PATIENCE_POLLS):
        request = store.request(request_id)
        if request is None:
            raise StateError(f"the request for {name} vanished from the journal; ask again")
        if request.answered is not None:
            click.echo(safe_lines(request.refusal) or f"{name}: stopping")
            return request.refusal
        world.wait(_POLL_SECONDS)
    raise SupervisorError(f"the supervisor did not answer within 10 s; {name} may still run, see `borgpull status`")
