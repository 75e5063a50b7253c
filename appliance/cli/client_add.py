"""`borgpull client add`: a file for a new client, with key pair and passphrase, or nothing at all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from appliance.cli.credentials import made_public_key
from appliance.cli.present_setup import added_text
from appliance.cli.present_tunnel import tunnel_text
from appliance.cli.surroundings import Surroundings, in_surroundings
from appliance.cli.way_in import way_in
from appliance.config.keys import MODELS
from appliance.config.load import CLIENT_FILES, default_keys
from appliance.config.model import Names, Reach
from appliance.config.values import client_name
from appliance.config.write import client_file
from appliance.errors import ConfigError, Problem, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.config.model import Appliance


def _name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return client_name(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("name", callback=_name)
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
@in_surroundings
def add(world: Surroundings, /, name: str, **given: Any) -> None:
    """Add a client, with a key pair and a passphrase of its own.

    Writes clients.d/NAME.toml and says what to do next; when anything is wrong, nothing stays.

    Example: borgpull client add web1 --host web1.lan

    Or: borgpull client add photos --folder /mnt/nas/photos

    Or: borgpull client add db1 --host db1.lan --method socat --jump john@inter.lan
    """
    appliance = world.load()
    values = _values(given)
    text = client_file(name, values, default_keys(world.config_folder))
    with _written(_free_file(world, appliance, name), text):
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


def _free_file(world: Surroundings, appliance: Appliance, name: str) -> Path:
    file = world.config_folder / CLIENT_FILES / f"{name}.toml"
    if appliance.client(name) is not None or file.exists():
        where = f"{CLIENT_FILES}/{name}.toml" if file.exists() else "borgpull.toml"
        raise ConfigError([Problem(where, "", f"client {name!r} is there already; edit the file, nothing was changed")])
    return file


@contextmanager
def _written(file: Path, text: str) -> Iterator[None]:
    """Write a new file and take it away again when what follows fails."""
    try:
        file.parent.mkdir(exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise StateError(f"{file} cannot be written: {error.strerror}; is /config mounted writable?") from error
    is_good = False
    try:
        yield
        is_good = True
    finally:
        if not is_good:
            file.unlink(missing_ok=True)
