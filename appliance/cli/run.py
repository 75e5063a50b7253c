"""`borgpull run`: ask the supervisor for runs now, and watch them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from appliance.cli.present_run import ended, run_json
from appliance.cli.progress_bar import Bars, Lines, Silence
from appliance.cli.readable import safe_lines, say_json, screen, show
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client, require_supervisor
from appliance.cli.watching import Ended, follow, worst
from appliance.errors import ExitCode
from appliance.record import Operation, Outcome, RequestKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from appliance.cli.surroundings import Store
    from appliance.cli.watching import Ending


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option(
    "--operation",
    type=click.Choice([str(operation) for operation in Operation if not operation.by_hand]),
    default=str(Operation.CREATE),
    show_default=True,
    help="create makes an archive; probe only tries everything up to it; prune deletes what `keep` does not keep; "
    "check reads all that is stored; drill restores a sample of the newest archive and compares it.",
)
@click.option("--no-wait", is_flag=True, help="Ask for it and return at once.")
@click.option("--accept-shrink", is_flag=True, help="Let the archive count although far less was found than last time.")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object a run.")
@in_surroundings
def run(
    world: Surroundings,
    names: tuple[str, ...],
    *,
    operation: str,
    no_wait: bool,
    accept_shrink: bool,
    for_programs: bool,
) -> None:
    """Back up clients now and watch. The exit code is the worst outcome.

    Example: borgpull run web1 nas
    """
    appliance = world.load()
    chosen = [known_client(appliance, name).name for name in dict.fromkeys(names)]
    store = world.journal()
    require_supervisor(store, world.clock.now())
    wanted = Operation(operation)
    asked = {name: store.ask(RequestKind.RUN, name, wanted, accept_shrink=accept_shrink) for name in chosen}
    if no_wait:
        _say_asked(asked, for_programs=for_programs)
    else:
        watch(world, store, asked, for_programs=for_programs)


def watch(world: Surroundings, store: Store, asked: Mapping[str, int], *, for_programs: bool) -> None:
    """Watch the asked runs to their end, print the endings and leave with the worst exit code."""
    context = click.get_current_context()
    try:
        endings = watched(world, store, asked, for_programs=for_programs)
    except KeyboardInterrupt:
        names = " ".join(asked)
        click.echo(f"\nNo longer watching; what was asked goes on. `borgpull stop {names}` ends it.", err=True)
        context.exit(ExitCode.CANCELLED)
    if for_programs:
        say_json([_ending_json(ending) for ending in endings])
    else:
        for ending in endings:
            show(ending_words(ending))
    context.exit(worst(endings))


def ending_words(ending: Ending) -> RenderableType:
    """Say how an asked run ended."""
    if isinstance(ending, Ended):
        return ended(ending.record)
    return Text(f"{ending.client}: refused: {safe_lines(ending.sentence)}", style="yellow")


def watched(world: Surroundings, store: Store, asked: Mapping[str, int], *, for_programs: bool) -> tuple[Ending, ...]:
    """Progress goes to standard error, so that standard output holds nothing but the result."""
    console = screen(error=True)
    if not console.is_terminal:
        return follow(world, store, asked, Silence() if for_programs else Lines(console))
    bars = Bars(console, _expected(store))
    with bars.live:
        return follow(world, store, asked, bars)


def _expected(store: Store) -> Mapping[str, int]:
    """The size of each client's last archive: the best guess at how much there is to read."""
    return {
        client: history.last_success.archive.original_size
        for client, history in store.last_runs().items()
        if history.last_success is not None and history.last_success.archive is not None
    }


def _ending_json(ending: Ending) -> dict[str, Any]:
    if isinstance(ending, Ended):
        return run_json(ending.record)
    return {"client": ending.client, "outcome": str(Outcome.SKIPPED), "message": ending.sentence}


def _say_asked(asked: Mapping[str, int], *, for_programs: bool) -> None:
    if for_programs:
        say_json([{"client": client, "request_id": request} for client, request in asked.items()])
        return
    click.echo(f"Asked for: {', '.join(asked)}. `borgpull status --watch` shows how it goes.")
