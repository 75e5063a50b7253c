"""`borgpull gateway`: what the gateway's container runs; not for people."""

from __future__ import annotations

import click

from appliance.gateway.main import main


@click.command(hidden=True)
def gateway() -> None:
    """Let clients dial in. Started by the supervisor, never by hand."""
    click.get_current_context().exit(main())
