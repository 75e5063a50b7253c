"""`borgpull client setup`: what to paste on the client."""

from __future__ import annotations

import click

from appliance.cli.credentials import made_public_key
from appliance.cli.key_lines import key_line, key_options
from appliance.cli.present_jump import jump_lines
from appliance.cli.present_setup import setup_text
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.config.model import MountClient


@click.command()
@click.argument("name")
@click.option("--key-line", "only_line", is_flag=True, help="Print only the line for authorized_keys.")
@click.option(
    "--jump-lines",
    "only_jumps",
    is_flag=True,
    help="Print only the lines for the machines on the way.",
)
@in_surroundings
def setup(world: Surroundings, name: str, *, only_line: bool, only_jumps: bool) -> None:
    """Print what to paste on the client.

    Makes the key pair and the passphrase if they are not there yet.

    Example: borgpull client setup web1
    """
    client = known_client(world.load(), name)
    public_key = made_public_key(world, name)
    if not only_line and not only_jumps:
        click.echo(setup_text(client, public_key))
    elif isinstance(client, MountClient):
        raise click.UsageError(f"{name} is read by method mount; it needs no key.")
    else:
        click.echo(key_line(public_key, key_options(client)) if only_line else _lines(jump_lines(client, public_key)))


def _lines(lines: tuple[str, ...]) -> str:
    if not lines:
        raise click.UsageError("The way to this client leads through no other machine.")
    return "\n".join(lines)
