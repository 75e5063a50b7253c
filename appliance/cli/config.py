"""`borgpull config`: check and show the configuration."""

from __future__ import annotations

import tomllib

import click

from appliance.cli.readable import count, say_json
from appliance.cli.surroundings import Surroundings, in_surroundings, what_holds
from appliance.config.write import to_toml
from appliance.errors import ConfigError, ExitCode


@click.group()
def config() -> None:
    """Check and show the configuration."""


@config.command()
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON object with the problems.")
@in_surroundings
def check(world: Surroundings, *, for_programs: bool) -> None:
    """Read the whole configuration and print every problem at once. Exit code 2 if there is one.

    Example: borgpull config check
    """
    try:
        appliance = what_holds(world)
    except ConfigError as error:
        if not for_programs:
            raise
        problems = [{"file": one.file, "key": one.key, "sentence": one.sentence} for one in error.problems]
        say_json({"fine": False, "clients": None, "problems": problems})
        click.get_current_context().exit(ExitCode.CONFIG)
    clients = len(appliance.clients)
    if for_programs:
        say_json({"fine": True, "clients": clients, "problems": []})
    else:
        click.echo(f"fine: {count(clients, 'client')}")


@config.command()
@click.option("--json", "for_programs", is_flag=True, help="Print JSON in place of TOML.")
@in_surroundings
def show(world: Surroundings, *, for_programs: bool) -> None:
    """Print the configuration as it is in force, every default filled in.

    Example: borgpull config show
    """
    text = to_toml(world.load())
    if for_programs:
        say_json(tomllib.loads(text))
    else:
        click.echo(text.rstrip())
