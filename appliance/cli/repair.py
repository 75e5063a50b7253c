"""`borgpull repair`: the ledger and the repository differ; show it, and carry out what the operator decides (S6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Group

from appliance.cli.diagnosis import Diagnosis, diagnose, page
from appliance.cli.question import ask
from appliance.cli.readable import say_json, show
from appliance.cli.run import watch
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client, require_supervisor
from appliance.errors import BorgpullError, ExitCode
from appliance.record import Operation, RequestKind

if TYPE_CHECKING:
    from appliance.cli.surroundings import Store
    from appliance.config.model import Client

_SURE = {
    Operation.REPAIR: "Roll the repository of {} back to its last good run?",
    Operation.ACCEPT: "Were these deleted on purpose, and may {}'s ledger forget them?",
    Operation.PURGE: "Delete these archives of {} for good?",
}


@click.command()
@click.argument("name")
@click.option("--roll-back", is_flag=True, help="Bring back what was deleted since the last good run.")
@click.option("--accept", is_flag=True, help="They were deleted on purpose: let them leave the ledger.")
@click.option("--delete-strangers", is_flag=True, help="Delete the archives that no good run made.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON object; with a decision, a list with its run.")
@in_surroundings
def repair(
    world: Surroundings,
    name: str,
    *,
    roll_back: bool,
    accept: bool,
    delete_strangers: bool,
    yes: bool,
    for_programs: bool,
) -> None:
    """Show which good archives are gone from a repository, and bring them back. Exit code 3 when some are.

    Example: borgpull repair web1
    Or: borgpull repair web1 --roll-back
    """
    flags = {Operation.REPAIR: roll_back, Operation.ACCEPT: accept, Operation.PURGE: delete_strangers}
    chosen = [operation for operation, given in flags.items() if given]
    if len(chosen) > 1:
        raise click.UsageError("--roll-back, --accept and --delete-strangers exclude each other.")
    appliance = world.load()
    client, store = known_client(appliance, name), world.journal()
    _insist_idle(store, name)
    found = _look(world, store, client)
    if for_programs and not chosen:
        say_json(found.to_json())
    elif not for_programs:
        show(Group(*page(found, appliance.timezone)))
    if not chosen:
        click.get_current_context().exit(ExitCode.SUCCESS if found.is_whole else ExitCode.FAILED)
    _insist_possible(found, chosen[0])
    require_supervisor(store, world.clock.now())
    if not yes:
        click.confirm(_SURE[chosen[0]].format(name), abort=True, err=for_programs)
    watch(world, store, {name: store.ask(RequestKind.RUN, name, chosen[0])}, for_programs=for_programs)


def _look(world: Surroundings, store: Store, client: Client) -> Diagnosis:
    known = store.repository(client.name)
    told = list(ask(world, client, "inspect"))
    return diagnose(client.name, told, store.archives(client.name), known.point if known else None)


def _insist_idle(store: Store, name: str) -> None:
    if any(run.client == name for run in store.unfinished()):
        raise BorgpullError(f"{name} is running; wait for its end, or `borgpull stop {name}`")


def _insist_possible(found: Diagnosis, chosen: Operation) -> None:
    """Refuse a decision for which there is nothing to decide."""
    if chosen is Operation.PURGE:
        if not found.strangers:
            raise BorgpullError(f"every archive of {found.client} was made by a good run; nothing to delete")
        return
    # A roll-back can be wanted of a whole list too: contents may be gone below it, or an earlier one was cut off.
    if found.is_whole and not (chosen is Operation.REPAIR and found.newer.segments):
        raise BorgpullError(f"every archive of {found.client}'s ledger is there; nothing to repair")
    if chosen is Operation.REPAIR and found.why_no_rollback:
        raise BorgpullError(f"{found.client} cannot be rolled back: {found.why_no_rollback}")
    if chosen is Operation.ACCEPT and found.trouble:
        raise BorgpullError(f"nothing can be accepted of a repository that does not open: {found.trouble}")
