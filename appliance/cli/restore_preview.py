"""What `borgpull restore` says before anything is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from appliance.cli.files import say_list
from appliance.cli.question import ask
from appliance.cli.readable import safe
from appliance.plan.operations import PREVIEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.cli.surroundings import Surroundings
    from appliance.config.model import Client
    from appliance.plan.restores import Choice
    from appliance.record import RestoreOrder

_SHOWN = 20


def say_choice(choice: Choice, archive: str, place: str) -> None:
    """Say where it goes, which way, why, and what that loses."""
    click.echo(f"{archive} goes to {place} by way {choice.way} ({choice.reason}).", err=True)
    losses = f"On this way {', '.join(choice.losses)}." if choice.losses else "All that the archive holds comes back."
    click.echo(losses, err=True)


def show_preview(
    world: Surroundings,
    client: Client,
    order: RestoreOrder,
    *,
    for_programs: bool,
    destination: Client | None = None,
) -> None:
    """Say what would be restored, and what of it is written over something; `destination` is another machine."""
    items = ask(world, client, PREVIEW, restore=replace(order, preview=True), destination=destination)
    if for_programs:
        say_list(items)
        return
    shown = 0
    totals: Mapping[str, Any] = {}
    for item in items:
        if "path" not in item:
            totals = item
        elif item["exists"] or not order.in_place:
            shown += 1
            if shown <= _SHOWN:
                click.echo(f"{'over ' if item['exists'] else ''}{safe(str(item['path']))}")
    if shown > _SHOWN:
        click.echo(f"... and {shown - _SHOWN} more")
    click.echo(
        f"{totals.get('members', 0)} files and folders, {totals.get('size', 0)} bytes; "
        f"{totals.get('exist', 0)} of them are written over what is there."
    )
