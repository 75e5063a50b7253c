"""`borgpull restore --way local`: into a folder of this server, or as a stream to whoever asked."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from appliance.cli.landing import drop_empty, fresh_landing, make_landing
from appliance.cli.progress_bar import Bars, Lines
from appliance.cli.readable import screen
from appliance.cli.restore_preview import say_choice
from appliance.cli.run import ending_words, watch
from appliance.cli.stream_out import stream_out
from appliance.cli.surroundings import require_supervisor
from appliance.cli.watching import Ended, follow, worst
from appliance.errors import BorgpullError, ExitCode
from appliance.record import Operation, RequestKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.cli.stream_out import StreamOut
    from appliance.cli.surroundings import Store, Surroundings
    from appliance.cli.watching import Audience, Ending, Sight
    from appliance.config.model import Client
    from appliance.plan.restores import Choice
    from appliance.record import RestoreOrder


def into_folder(
    world: Surroundings, client: Client, order: RestoreOrder, choice: Choice, *, for_programs: bool
) -> None:
    """Make the folder, ask for the run and watch it; a folder in which nothing came is gone again."""
    store = world.journal()
    require_supervisor(store, world.clock.now())
    target = order.target or fresh_landing(world, order.archive)
    place = make_landing(world, target, resume=order.resume)
    if not for_programs:
        say_choice(choice, order.archive, target)
    asked = store.ask(RequestKind.RUN, client.name, Operation.RESTORE, restore=replace(order, target=target))
    try:
        watch(world, store, {client.name: asked}, for_programs=for_programs)
    finally:
        request = store.request(asked)
        run = store.run(request.run_id) if request else None
        if (run and run.finished) or (request and request.refusal):
            drop_empty(place)


def into_stream(world: Surroundings, client: Client, order: RestoreOrder, choice: Choice) -> None:
    """Let the run write to our standard output, and end it where nobody takes that any more."""
    if sys.stdout.isatty():
        raise click.UsageError(
            f"--format {order.form} writes a file to standard output, which is a terminal here: add `> FILE`, and -T "
            "to `docker compose exec`."
        )
    store = world.journal()
    require_supervisor(store, world.clock.now())
    say_choice(choice, order.archive, "standard output")
    context = click.get_current_context()
    with stream_out(world, client.name) as (stream, copying):
        asked = store.ask(RequestKind.RUN, client.name, Operation.RESTORE, restore=replace(order, stream=stream))
        try:
            (ending,) = _followed(world, store, {client.name: asked}, copying)
        except (KeyboardInterrupt, BorgpullError) as error:
            store.ask(RequestKind.STOP, client.name, Operation.RESTORE)
            copying.end(is_whole=False)
            if isinstance(error, BorgpullError):
                raise
            click.echo("\nStopped: what was written is not complete.", err=True)
            context.exit(ExitCode.CANCELLED)
        is_whole = isinstance(ending, Ended) and ending.record.outcome is not None and ending.record.outcome.is_good
        copying.end(is_whole=is_whole)
    screen(error=True).print(ending_words(ending))
    if not is_whole:
        click.echo("What was written is not complete; throw it away.", err=True)
    context.exit(worst([ending]))


class _Stopping:
    """Shows the run, and asks once for its stop when nobody takes its stream any more."""

    def __init__(self, audience: Audience, store: Store, client: str, copying: StreamOut) -> None:
        self._audience, self._store, self._client, self._copying = audience, store, client, copying
        self._has_asked = False

    def show(self, sights: Sequence[Sight]) -> None:
        if self._copying.is_lost and not self._has_asked:
            self._has_asked = True
            self._store.ask(RequestKind.STOP, self._client, Operation.RESTORE)
        self._audience.show(sights)


def _followed(world: Surroundings, store: Store, asked: dict[str, int], copying: StreamOut) -> tuple[Ending, ...]:
    (client,) = asked
    console = screen(error=True)
    if not console.is_terminal:
        return follow(world, store, asked, _Stopping(Lines(console), store, client, copying))
    bars = Bars(console, {})
    with bars.live:
        return follow(world, store, asked, _Stopping(bars, store, client, copying))
