"""`borgpull client setup`: what to paste on the client."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from appliance.cli.credentials import made_public_key
from appliance.cli.key_lines import key_line, key_options
from appliance.cli.present_jump import jump_lines
from appliance.cli.present_lease import WAYS, lease_line, lease_text
from appliance.cli.present_reader import WAYS as READERS
from appliance.cli.present_reader import reader_of, reader_script
from appliance.cli.present_setup import setup_text
from appliance.cli.present_tunnel import WayIn, known_hosts_line, tunnel_command, tunnel_text, unit_text
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.cli.way_in import way_in
from appliance.config.model import MountClient, SshfsClient

if TYPE_CHECKING:
    from appliance.config.model import Client

# Long enough for a machine's restore to begin; a run that has logged in goes on after the end.
_HOURS = 2


@click.command()
@click.argument("name")
@click.option("--key-line", "only_line", is_flag=True, help="Print only the line for authorized_keys.")
@click.option(
    "--jump-lines",
    "only_jumps",
    is_flag=True,
    help="Print only the lines for the machines on the way.",
)
@click.option("--restore", "lease", is_flag=True, help="Say how to let the restore key in, and how to shut it out.")
@click.option("--way", type=click.Choice(WAYS), help="With --restore: what the key must be able to do.")
@click.option("--hours", type=click.IntRange(1, 168), help="With --restore: for how long.  [default: 2]")
@click.option("--tunnel-key", metavar="KEY", default="", help="Let this public key open the tunnel of NAME.")
@click.option("--tunnel-command", "part", flag_value="command", help="Print only the command that opens the tunnel.")
@click.option("--unit", "part", flag_value="unit", help="Print only the systemd unit of the tunnel.")
@click.option("--gateway-key", "part", flag_value="host key", help="Print only the gateway's line for known_hosts.")
@click.option(
    "--reader", type=click.Choice(READERS), help="Print only the script for root there: a user that reads everything."
)
@in_surroundings
def setup(
    world: Surroundings,
    name: str,
    *,
    only_line: bool,
    only_jumps: bool,
    lease: bool,
    way: str | None,
    hours: int | None,
    tunnel_key: str,
    part: str | None,
    reader: str | None,
) -> None:
    """Print what to paste on the client.

    Makes the key pair and the passphrase if they are not there yet, and for a client that dials in a port of its own
    on the gateway.

    Example: borgpull client setup web1

    Or: borgpull client setup web1 --restore --hours 4

    Or: borgpull client setup web1 --reader capability
    """
    client = known_client(world.load(), name)
    public_key = made_public_key(world, client)
    if not lease and (way or hours):
        raise click.UsageError("--way and --hours say something about --restore.")
    if lease:
        click.echo(_lease(world, client, way or "", hours, only_line=only_line))
        return
    if reader:
        click.echo(_reader(client, public_key, reader), nl=False)
        return
    entrance = way_in(world, client, tunnel_key)
    if part:
        click.echo(_part(entrance, part))
    elif not only_line and not only_jumps:
        click.echo("\n\n".join([setup_text(client, public_key), *([tunnel_text(entrance)] if entrance else [])]))
    elif isinstance(client, MountClient):
        raise click.UsageError(f"{name} is read by method mount; it needs no key.")
    else:
        click.echo(key_line(public_key, key_options(client)) if only_line else _lines(jump_lines(client, public_key)))


def _lease(world: Surroundings, client: Client, way: str, hours: int | None, *, only_line: bool) -> str:
    if isinstance(client, MountClient):
        raise click.UsageError(f"{client.name} is a folder of this host: nothing can be restored onto it from here.")
    public_key = world.keys().restore_public_key(client.name)
    if not only_line:
        return lease_text(client, public_key, way, hours or _HOURS)
    return lease_line(client, public_key, way, world.clock.now() + timedelta(hours=hours) if hours else None)


def _reader(client: Client, public_key: str, way: str) -> str:
    if not isinstance(client, SshfsClient) or client.before or client.after:
        raise click.UsageError(
            f"--reader is for method sshfs without hooks: what reads there must run no commands, and {client.name} has "
            f"method {client.method}{' and hooks' if isinstance(client, SshfsClient) else ''}."
        )
    return reader_script(reader_of(client), public_key, way)


def _part(way: WayIn | None, part: str) -> str:
    if way is None:
        raise click.UsageError("This client does not dial in, so it has no tunnel.")
    texts = {"command": tunnel_command, "unit": unit_text, "host key": known_hosts_line}
    return texts[part](way)


def _lines(lines: tuple[str, ...]) -> str:
    if not lines:
        raise click.UsageError("The way to this client leads through no other machine.")
    return "\n".join(lines)
