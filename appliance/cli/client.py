"""`borgpull client`: the machines and folders that are backed up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from appliance.cli.client_add import add
from appliance.cli.client_setup import setup
from appliance.cli.client_trust import trust
from appliance.cli.readable import safe, say_json, show
from appliance.cli.run import run
from appliance.cli.surroundings import Surroundings, in_surroundings
from appliance.config.model import MachineClient, MountClient
from appliance.record import Operation

if TYPE_CHECKING:
    from appliance.config.model import Client


@click.group()
def client() -> None:
    """Add, set up and try machines and folders.

    In this order: add, setup (paste on the machine), trust, probe.
    """


client.add_command(add)
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


@client.command("list")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object a client.")
@in_surroundings
def list_clients(world: Surroundings, *, for_programs: bool) -> None:
    """List the configured clients. How they stand: `borgpull status`.

    Example: borgpull client list
    """
    clients = world.load().clients
    if for_programs:
        say_json([client_json(one) for one in clients])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("CLIENT", "METHOD", "SOURCE", "SCHEDULE"):
        table.add_column(heading, no_wrap=heading != "SOURCE", overflow="fold")
    for one in clients:
        schedule = Text(str(one.schedule)) if one.enabled else Text("disabled", style="dim")
        table.add_row(one.name, f"{one.method} ({one.names})", safe(source_words(one)), schedule)
    show(table if clients else Text("No clients yet. `borgpull client add NAME --host HOST` makes one."))


def client_json(one: Client) -> dict[str, Any]:
    """Give a client to programs."""
    return {
        "client": one.name,
        "method": one.method,
        "names": str(one.names),
        "reach": one.reach,
        "enabled": one.enabled,
        "source": source_words(one),
        "paths": list(one.paths),
        "schedule": str(one.schedule),
    }


def source_words(one: Client) -> str:
    """Say where the client's data is."""
    paths = " ".join(one.paths)
    match one:
        case MachineClient(port=22):
            return f"{one.user}@{one.host}: {paths}"
        case MachineClient():
            return f"{one.user}@{one.host} port {one.port}: {paths}"
        case MountClient(volume=None):
            return f"{one.folder}: {paths}"
        case MountClient():
            return f"volume {one.volume}: {paths}"
