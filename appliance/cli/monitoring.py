"""`borgpull monitoring`: what Prometheus and Grafana need, out of the image."""

from __future__ import annotations

from pathlib import Path

import click

from appliance.edges import monitoring_files
from appliance.errors import BorgpullError


@click.group()
def monitoring() -> None:
    """Bring alert rules and dashboards to a Prometheus and a Grafana."""


@monitoring.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace files there that are not as they come with this version.")
def export(folder: Path, *, force: bool) -> None:
    """Write the alert rules, a configuration for Prometheus, the dashboards and Grafana's provisioning into a FOLDER.

    Files there that somebody has changed are left alone, and then nothing is written, unless you say `--force`.

    Example: borgpull monitoring export /config/monitoring
    """
    files = monitoring_files.files()
    changed = () if force else monitoring_files.changed(files, folder)
    if changed:
        names = ", ".join(str(path) for path in changed)
        raise BorgpullError(
            f"nothing is exported, for these are not as they come with this version: {names}. "
            "Move your own changes to files of another name, or replace these with --force"
        )
    monitoring_files.export(files, folder)
    for file in files:
        click.echo(str(folder / file.path))
