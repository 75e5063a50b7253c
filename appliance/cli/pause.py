"""`borgpull pause` and `resume`: hold back what would start by itself."""

from __future__ import annotations

import click

from appliance.cli.surroundings import Surroundings, in_surroundings


@click.command()
@click.option("--reason", default="", help="Shown by `status` as long as the pause lasts.")
@in_surroundings
def pause(world: Surroundings, *, reason: str) -> None:
    """Start nothing by itself until `resume`.

    Runs in progress go on, and `run` still works.

    Example: borgpull pause --reason "moving the disks"
    """
    store = world.journal()
    store.set_fact("paused_reason", reason)
    store.set_fact("paused", world.clock.now().isoformat())
    click.echo("Paused. Runs in progress go on; `borgpull resume` ends the pause.")


@click.command()
@in_surroundings
def resume(world: Surroundings) -> None:
    """End a pause; what became due meanwhile starts within seconds.

    Example: borgpull resume
    """
    store = world.journal()
    was_paused = bool(store.fact("paused"))
    store.set_fact("paused", "")
    store.set_fact("paused_reason", "")
    click.echo("Resumed." if was_paused else "It was not paused.")
