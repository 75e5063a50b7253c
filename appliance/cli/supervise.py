"""`borgpull supervise`: the long-lived role of the image."""

from __future__ import annotations

import click


@click.command()
def supervise() -> None:
    """Run the supervisor in the foreground.

    The image does this by itself.

    Example: docker compose up -d
    """
    from appliance.wiring import supervise as run_supervisor  # noqa: PLC0415 - so that help does not wait for every edge's library

    click.get_current_context().exit(run_supervisor())
