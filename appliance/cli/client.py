"""`borgpull client`: the machines and folders that are backed up."""

from __future__ import annotations

import click

from appliance.cli.commands import Verbs

_VERBS = {
    "add": "appliance.cli.client_add:add",
    "borg": "appliance.cli.client_borg:borg",
    "list": "appliance.cli.client_list:list_clients",
    "look": "appliance.cli.client_look:look_at",
    "probe": "appliance.cli.client_probe:probe",
    "setup": "appliance.cli.client_setup:setup",
    "trust": "appliance.cli.client_trust:trust",
}


@click.group(cls=Verbs, verbs=_VERBS)
def client() -> None:
    """Add, set up and try machines and folders.

    In this order: add, setup (paste on the machine), trust, probe.
    """
