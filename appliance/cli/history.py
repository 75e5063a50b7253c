"""`borgpull history`: the runs of the past, newest first."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import click

from appliance.cli.present_run import history_page, run_json
from appliance.cli.readable import say_json, show
from appliance.cli.surroundings import Surroundings, in_surroundings, no_such_client
from appliance.errors import ConfigError

if TYPE_CHECKING:
    from datetime import tzinfo


@click.command()
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many runs.")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object a run.")
@in_surroundings
def history(world: Surroundings, name: str | None, *, limit: int, for_programs: bool) -> None:
    """Show the runs of the past, newest first.

    Example: borgpull history web1 --limit 5
    """
    names, zone = _names_and_zone(world)
    store = world.journal()
    records = store.history(name, limit=limit)
    # A client that was taken out of the configuration keeps its history.
    if name is not None and not records and name not in names:
        raise no_such_client(name, names)
    if for_programs:
        say_json([run_json(record) for record in records])
    else:
        show(history_page(records, world.clock.now(), zone))


def _names_and_zone(world: Surroundings) -> tuple[list[str], tzinfo]:
    """What happened can be read while the configuration does not hold; times are in UTC then."""
    try:
        appliance = world.load()
    except ConfigError:
        return [], UTC
    return [client.name for client in appliance.clients], appliance.timezone
