"""`borgpull wake`: what the container runs that wakes a client; not for people."""

from __future__ import annotations

import click

from appliance.pull.wake import send


@click.command(hidden=True)
@click.argument("mac_address")
@click.argument("via")
def wake(mac_address: str, via: str) -> None:
    """Send the packet that wakes a machine. Started by the supervisor before a run, never by hand."""
    click.get_current_context().exit(send(mac_address, via))
