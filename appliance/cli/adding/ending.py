"""The end of the dialogue: the client is configured, and now it is probed and backed up for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.cli.adding.asking import pause
from appliance.cli.present_setup import added_text
from appliance.cli.present_tunnel import tunnel_text
from appliance.cli.readable import show
from appliance.cli.run import ending_words, watched
from appliance.cli.watching import worst
from appliance.cli.way_in import way_in
from appliance.config.model import BorgClient, Reach
from appliance.errors import BorgpullError, ExitCode
from appliance.plan import places
from appliance.record import Operation, RequestKind

if TYPE_CHECKING:
    from appliance.cli.surroundings import Surroundings
    from appliance.config.model import Client

_GOOD = (ExitCode.SUCCESS, ExitCode.WARNING)


def end(world: Surroundings, client: Client) -> int:
    """Set the rest up, probe, and offer the first backup; returns the exit code of what was tried last."""
    name = client.name
    if client.reach is Reach.DIAL_IN:
        way = way_in(world, client)
        setup = added_text(client, world.keys().public_key(name))
        click.echo("\n" + "\n\n".join([setup, *([tunnel_text(way)] if way else [])]))
        return ExitCode.SUCCESS
    click.echo(
        f"\nMade clients.d/{name}.toml.\nKeep a copy of {places.passphrase_file(name)} outside this machine: without "
        "it nobody can ever restore."
    )
    if isinstance(client, BorgClient):
        click.echo(f"\n{added_text(client, world.keys().public_key(name))}")
        pause("Enter when that is done")
    try:
        return _tried(world, client)
    except click.Abort:
        click.echo(f"\n{name} is configured; go on with: borgpull client probe {name}", err=True)
        raise


def _tried(world: Surroundings, client: Client) -> int:
    name = client.name
    click.echo("\nNow it is probed: everything that a backup needs, and no archive is made.")
    while (code := _run(world, name, Operation.PROBE)) not in _GOOD:
        if pause("Enter tries again; later leaves it as it is") == "later":
            click.echo(f"{name} is configured, and cannot be backed up as it stands: borgpull client probe {name}")
            return code
    if not click.confirm("\nMake the first backup now?", default=True):
        click.echo(f"It is made by schedule ({client.schedule}), or now by: borgpull run {name}")
        return ExitCode.SUCCESS
    code = _run(world, name, Operation.CREATE)
    if code in _GOOD:
        click.echo(
            f"\nFrom here on by schedule ({client.schedule}). See it: borgpull status {name}\n"
            f"What is in it: borgpull files {name} latest\n"
            f"Get something back: borgpull restore {name} latest PATH --way local"
        )
    return code


def _run(world: Surroundings, name: str, operation: Operation) -> int:
    store = world.journal()
    try:
        endings = watched(world, store, {name: store.ask(RequestKind.RUN, name, operation)}, for_programs=False)
    except KeyboardInterrupt as error:
        raise click.Abort from error
    except BorgpullError as error:
        click.echo(f"\n{error}")
        return int(error.exit_code)
    for ended in endings:
        show(ending_words(ended))
    return worst(endings)
