"""`borgpull key`: the repository keys, which together with the passphrases open the archives anywhere."""

from __future__ import annotations

import click

from appliance.cli.question import ask
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.plan import places


@click.group()
def key() -> None:
    """Keep what opens the archives without this machine."""


@key.command()
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice(["plain", "paper", "qr-html"]),
    default="plain",
    show_default=True,
    help="plain for a file, paper to type in again, qr-html to print.",
)
@in_surroundings
def export(world: Surroundings, name: str, *, form: str) -> None:
    """Print the key of a client's repository. Store it where the appliance is not.

    Example: borgpull key export web1 --format paper > web1.key
    """
    client = known_client(world.load(), name)
    lines = [str(item["line"]) for item in ask(world, client, "key-export", form)]
    click.echo("\n".join(lines))
    world.journal().set_fact(f"key_exported:{name}", world.clock.now().isoformat())
    click.echo(
        f"The key opens nothing without the passphrase, which is not in it: keep a copy of "
        f"{places.passphrase_file(name)} as well, in another place.",
        err=True,
    )
