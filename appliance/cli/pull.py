"""`borgpull pull`: what a pull container runs; not for people."""

from __future__ import annotations

import click

from appliance.pull.main import main


@click.command(hidden=True)
def pull() -> None:
    """Carry out the plan at /.borgpull/plan.json. Started by the supervisor, never by hand."""
    click.get_current_context().exit(main())
