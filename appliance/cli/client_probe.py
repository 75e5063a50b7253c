"""`borgpull client probe`: everything that a run needs, tried without one; or the fidelity card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.cli.run import run
from appliance.cli.surroundings import known_client
from appliance.record import Operation

if TYPE_CHECKING:
    from appliance.cli.surroundings import Surroundings


@click.command()
@click.argument("name")
@click.option("--fidelity", is_flag=True, help="Put a test tree there, pull and restore it; say what is lost.")
@click.option("--at", metavar="DIR", default="", help="With --fidelity: where the tree goes, in place of /var/tmp.")
@click.option("--yes", is_flag=True, help="With --fidelity: do not ask before the tree is put there.")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list with one object.")
@click.pass_context
def probe(context: click.Context, name: str, *, fidelity: bool, at: str, yes: bool, for_programs: bool) -> None:
    """Try everything a run needs, and make no archive. Same as `run NAME --operation probe`.

    With --fidelity: what this method keeps and loses on this client, by a test tree that is put there, pulled into a
    repository that is thrown away, restored, compared and removed. Exit code 0 when nothing is lost that the method
    should carry, 1 when something is, or when the tree could not be removed, 3 when it could not be tried.

    Example: borgpull client probe web1

    Or: borgpull client probe web1 --fidelity --yes
    """
    if fidelity:
        from appliance.cli.fidelity import take_card  # noqa: PLC0415 - what a plain probe does not need

        world: Surroundings = context.obj
        client = known_client(world.load(), name)
        context.exit(take_card(world, client, at=at, yes=yes, for_programs=for_programs))
    if at or yes:
        raise click.UsageError("--at and --yes belong to --fidelity.")
    context.invoke(run, names=(name,), operation=str(Operation.PROBE), for_programs=for_programs)
