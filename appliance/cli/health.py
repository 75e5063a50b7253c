"""`borgpull health`: the container's health check."""

from __future__ import annotations

import click

from appliance.cli import wellness
from appliance.cli.surroundings import Surroundings, in_surroundings


@click.command()
@in_surroundings
def health(world: Surroundings) -> None:
    """Ask the supervisor whether it is well.

    At the address of `listen`; this is the health check of the image.

    Example: borgpull health && echo well
    """
    click.get_current_context().exit(wellness.main(world.config_folder))
