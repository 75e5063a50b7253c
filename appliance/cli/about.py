"""`borgpull about`: which version this is, and what is inside the image."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from appliance import __version__
from appliance.cli.readable import say_json
from appliance.plan.bill import cyclonedx, licence_lines

if TYPE_CHECKING:
    from appliance.plan.bill import Component


@click.command()
@click.option("--sbom", is_flag=True, help="Print the bill of materials as CycloneDX JSON.")
@click.option("--licences", is_flag=True, help="Print each package in the image with its licences.")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON object with the versions.")
def about(*, sbom: bool, licences: bool, for_programs: bool) -> None:
    """Say which version this is, and what software is in the image.

    Both lists lie in the image too: /usr/share/borgpull/sbom.cdx.json and /usr/share/borgpull/licences.txt.

    Example: borgpull about --licences
    """
    if sum((sbom, licences, for_programs)) > 1:
        raise click.UsageError("--sbom, --licences and --json are three different answers; ask for one.")
    if sbom:
        say_json(cyclonedx(_inventory(), version=__version__))
    elif licences:
        for line in licence_lines(_inventory()):
            click.echo(line)
    else:
        _say_versions(for_programs=for_programs)


def _say_versions(*, for_programs: bool) -> None:
    told = {
        "version": __version__,
        "revision": os.environ.get("BORGPULL_REVISION", "unknown"),
        "borg": os.environ.get("BORGPULL_BORG_VERSION", "unknown"),
        "licence": "MIT",
    }
    if for_programs:
        say_json(told)
        return
    click.echo(f"Borgpull {told['version']}, revision {told['revision']}, licence {told['licence']}")
    click.echo(f"BorgBackup {told['borg']}")


def _inventory() -> tuple[Component, ...]:
    from appliance.edges.inventory import inventory  # noqa: PLC0415 - one verb needs it

    return inventory()
