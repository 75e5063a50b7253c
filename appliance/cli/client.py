"""`borgpull client`: the machines and folders that are backed up."""

from __future__ import annotations

import click

from appliance.cli.client_add import add
from appliance.cli.client_borg import borg
from appliance.cli.client_list import list_clients
from appliance.cli.client_setup import setup
from appliance.cli.client_trust import trust
from appliance.cli.run import run
from appliance.record import Operation


@click.group()
def client() -> None:
    """Add, set up and try machines and folders.

    In this order: add, setup (paste on the machine), trust, probe.
    """


client.add_command(add)
client.add_command(borg)
client.add_command(list_clients)
client.add_command(setup)
client.add_command(trust)


@client.command()
@click.argument("name")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list with one object.")
@click.pass_context
def probe(context: click.Context, name: str, *, for_programs: bool) -> None:
    """Try everything a run needs, and make no archive. Same as `run NAME --operation probe`.

    Example: borgpull client probe web1
    """
    context.invoke(run, names=(name,), operation=str(Operation.PROBE), for_programs=for_programs)
