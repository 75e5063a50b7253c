"""`borgpull history`: the runs of the past, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.cli.present_run import history_page, run_json
from appliance.cli.readable import say_json, show
from appliance.cli.surroundings import Surroundings, in_surroundings, names_and_zone, no_such_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.record import RunRecord


@click.command()
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many runs.")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object a run.")
@in_surroundings
def history(world: Surroundings, name: str | None, *, limit: int, for_programs: bool) -> None:
    """Show the runs of the past, newest first. LOG is what to call a run whose log is kept in `borgpull logs NAME LOG`.

    Example: borgpull history web1 --limit 5
    """
    names, zone = names_and_zone(world)
    store = world.journal()
    records = store.history(name, limit=limit)
    # A client that was taken out of the configuration keeps its history.
    if name is not None and not records and name not in names:
        raise no_such_client(name, names)
    logged = _with_logs(world, records)
    if for_programs:
        say_json([{**run_json(record), "log": record.run_id in logged} for record in records])
    else:
        show(history_page(records, world.clock.now(), zone, logged))


def _with_logs(world: Surroundings, records: Sequence[RunRecord]) -> frozenset[str]:
    """Return the ids of those of the runs whose log is kept."""
    kept = {name: frozenset(world.logs().kept(name)) for name in {record.client for record in records}}
    return frozenset(record.run_id for record in records if record.run_id in kept[record.client])
