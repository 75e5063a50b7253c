"""`borgpull logs`: what the pull container of a run said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.cli.log_lines import following, so_far
from appliance.cli.present_run import short_id
from appliance.cli.readable import did_you_mean
from appliance.cli.surroundings import Surroundings, in_surroundings, names_and_zone, no_such_client
from appliance.errors import NotFoundError
from appliance.record import Operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.record import RunRecord

# Years of nightly runs.
_WHOLE_HISTORY = 5000


@click.command()
@click.argument("name")
@click.argument("run", required=False, default="")
@click.option(
    "--operation",
    type=click.Choice([str(operation) for operation in Operation]),
    help="The newest run of this operation. Default: the newest run of any.",
)
@click.option("--follow", "-f", "follow", is_flag=True, help="Go on showing what a run in progress says, to its end.")
@click.option("--json", "for_programs", is_flag=True, help="Print one JSON object a line.")
@in_surroundings
def logs(world: Surroundings, name: str, run: str, *, operation: str | None, follow: bool, for_programs: bool) -> None:
    """Show what the container of a run said: by default of the newest run.

    RUN is what `borgpull history NAME` shows under LOG, or the run's whole id.

    Example: borgpull logs web1
    Or: borgpull logs web1 9f3a61c2 --json
    """
    store = world.journal()
    record = _chosen(world, name, run, operation)
    lines = following(world, record) if follow else so_far(world, record)
    for line in lines:
        click.echo(line.json() if for_programs else line.text())
    if not follow and (store.run(record.run_id) or record).finished is None:
        click.echo(f"This run goes on; `borgpull logs {name} --follow` shows it to its end.", err=True)


def _chosen(world: Surroundings, name: str, run: str, operation: str | None) -> RunRecord:
    """Return the run that is meant; raises NotFoundError."""
    records = world.journal().history(name, limit=_WHOLE_HISTORY)
    if not records:
        names, _ = names_and_zone(world)
        if name not in names:
            raise no_such_client(name, names)
    candidates = [record for record in records if operation in (None, str(record.operation))]
    found = [record for record in candidates if _is_meant(record, run)]
    # A whole id is never ambiguous.
    exact = [record for record in found if record.run_id == run]
    if not found:
        raise NotFoundError(_not_found(name, run, operation, candidates))
    if run and not exact and len(found) > 1:
        fitting = " and ".join(record.run_id for record in found[:3])
        raise NotFoundError(f"{run!r} fits several runs of {name}, such as {fitting}; write more of it.")
    return (exact or found)[0]


def _is_meant(record: RunRecord, run: str) -> bool:
    return record.run_id.startswith(run) or short_id(record.run_id).startswith(run)


def _not_found(name: str, run: str, operation: str | None, candidates: Sequence[RunRecord]) -> str:
    of = f" of operation {operation}" if operation else ""
    if not candidates:
        return f"{name} has had no run{of} yet."
    near = did_you_mean(run, [known for record in candidates for known in (record.run_id, short_id(record.run_id))])
    return f"{name} has had no run {run!r}{of}.{near} `borgpull history {name}` lists them."
