"""`borgpull client add`: a file for a new client, with key pair and passphrase, or nothing at all."""

from __future__ import annotations

from typing import Any

import click

from appliance.cli.client_files import free_file, judged, written
from appliance.cli.credentials import made_public_key
from appliance.cli.present_setup import added_text
from appliance.cli.present_tunnel import tunnel_text
from appliance.cli.surroundings import Surroundings, in_surroundings
from appliance.cli.way_in import way_in
from appliance.config.keys import MODELS
from appliance.config.load import default_keys
from appliance.config.model import Names, Reach
from appliance.config.values import client_name
from appliance.config.write import client_file
from appliance.errors import StateError


def _name(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else client_name(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("name", callback=_name, required=False)
@click.option("--host", help="Host name or address of the machine.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of its sshd.  [default: 22]")
@click.option("--user", help="User to log in as.  [default: root]")
@click.option("--method", type=click.Choice(list(MODELS)), help="How the data gets here.  [default: sshfs]")
@click.option("--reach", type=click.Choice([str(one) for one in Reach]), help="How to get to its sshd.")
@click.option(
    "--jump", metavar="USER@HOST", multiple=True, help="Machine on the way, first one first; may be repeated."
)
@click.option("--callback", metavar="HOST:PORT", help="Where the client calls this Docker host, for method ssh-agent.")
@click.option("--quota", help='The repository may not grow larger: "500G".')
@click.option("--names", type=click.Choice([str(one) for one in Names]), help="How owners are named in archives.")
@click.option("--folder", help="Folder of the Docker host, for method mount.")
@click.option("--volume", help="Docker volume, for method mount.")
@click.option("--marker", help="File that is there only while the share is mounted, for method mount.")
@click.option("--path", "paths", multiple=True, help="What to read; may be repeated.")
@click.option("--exclude", multiple=True, help="What to leave out; may be repeated.")
@click.option("--schedule", help="When: cron, @daily or the like.  [default: @daily]")
@click.option("--every", help='How often instead: "6h".')
@click.option("--encryption", help="Encryption mode of Borg.  [default: repokey-blake2]")
@click.option("--guided", is_flag=True, help="Ask for all that is not said, and look at the machine.")
@in_surroundings
@click.pass_context
def add(context: click.Context, world: Surroundings, /, name: str | None, *, guided: bool, **given: Any) -> None:
    """Add a client, with a key pair and a passphrase of its own.

    On a terminal, and without --host, --folder or --volume, it is a dialogue: it asks where the machine is, looks at
    what it offers, recommends a method, proposes what to read and what not, and ends with the first backup.
    Otherwise it writes clients.d/NAME.toml and says what to do next; when anything is wrong, nothing stays.

    Example: borgpull client add web1

    Or: borgpull client add web1 --host web1.lan

    Or: borgpull client add photos --folder /mnt/nas/photos

    Or: borgpull client add db1 --host db1.lan --method socat --jump john@inter.lan
    """
    values = _values(given)
    if guided and not world.is_terminal():
        raise click.UsageError(
            "--guided asks questions, and nobody is there to answer; give --host, --folder or --volume without it."
        )
    if guided or (world.is_terminal() and not values.keys() & {"host", "folder", "volume"}):
        from appliance.cli.adding.story import guide  # noqa: PLC0415 - scripts need nothing of it

        context.exit(guide(world, name, values))
    if name is None:
        raise click.MissingParameter(ctx=context, param_hint="'NAME'", param_type="argument")
    _add(world, name, values)


def _add(world: Surroundings, name: str, values: dict[str, Any]) -> None:
    file = free_file(world, world.load(), name)
    text = client_file(name, values, default_keys(world.config_folder))
    judged(world, name, text)
    with written(file, text):
        client = world.load().client(name)
        if client is None:
            raise StateError(f"clients.d/{name}.toml was written and is not read; is the folder mounted twice?")
        public_key = made_public_key(world, client)
        way = way_in(world, client)
    click.echo("\n\n".join([added_text(client, public_key), *([tunnel_text(way)] if way else [])]))


def _values(given: dict[str, Any]) -> dict[str, Any]:
    """Keep what was said, in the order of the options; a folder, a volume or a machine on the way says how."""
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in given.items() if value}
    if "method" not in values and ("folder" in values or "volume" in values):
        values["method"] = "mount"
    if "reach" not in values and "jump" in values:
        values["reach"] = str(Reach.JUMP)
    return values
