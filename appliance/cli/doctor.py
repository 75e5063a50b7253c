"""`borgpull doctor`: look at everything a run will need, and say what to do about what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.cli.checkup_engine import engine_findings
from appliance.cli.checkup_escrow import escrow_findings
from appliance.cli.checkup_house import client_findings, space_finding, supervisor_findings
from appliance.cli.checkup_notify import notify_findings
from appliance.cli.findings import bad, exit_code, findings_page, fine
from appliance.cli.readable import count, say_json, show
from appliance.cli.surroundings import Surroundings, in_surroundings
from appliance.config.model import ApplianceSettings
from appliance.errors import ConfigError, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.cli.findings import Finding
    from appliance.config.model import Appliance


@click.command()
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object a finding.")
@in_surroundings
def doctor(world: Surroundings, *, for_programs: bool) -> None:
    """Look at engine, volumes, secrets and clients. Exit code 0 fine, 1 warnings, 3 bad.

    Example: borgpull doctor
    """
    findings = tuple(_findings(world))
    if for_programs:
        say_json([finding.to_json() for finding in findings])
    else:
        show(findings_page(findings))
    click.get_current_context().exit(exit_code(findings))


def _findings(world: Surroundings) -> Iterator[Finding]:
    appliance: Appliance | None = None
    try:
        appliance = world.load()
        yield fine("configuration", f"holds, {count(len(appliance.clients), 'client')}")
    except ConfigError as error:
        for problem in error.problems:
            yield bad("configuration", str(problem), "correct it; the last good one stays in force meanwhile")
    settings = appliance.settings if appliance else ApplianceSettings()
    yield from _outside(world, settings, needs_fuse=_needs_fuse(appliance))
    yield from _inside(world, appliance)


def _needs_fuse(appliance: Appliance | None) -> bool:
    return appliance is not None and any(client.method == "sshfs" for client in appliance.clients)


def _outside(world: Surroundings, settings: ApplianceSettings, *, needs_fuse: bool) -> Iterator[Finding]:
    folders = (world.config_folder, world.state_folder, world.repositories_folder)
    yield from engine_findings(world.engine(), settings, folders, needs_fuse=needs_fuse)
    for folder in (world.state_folder, world.repositories_folder):
        yield space_finding(folder, settings.free_space)


def _is_configured(appliance: Appliance | None, name: str) -> bool:
    return appliance is not None and appliance.client(name) is not None


def _inside(world: Surroundings, appliance: Appliance | None) -> Iterator[Finding]:
    now = world.clock.now()
    try:
        store = world.journal()
        yield from supervisor_findings(store, now)
        histories = store.last_runs()
    except StateError as error:
        yield bad("journal", str(error), "check the volume at /state")
        histories = {}
    else:
        good = {name for name, history in histories.items() if history.last_success and _is_configured(appliance, name)}
        yield from escrow_findings(store, good, world.escrow_files().gather)
    if appliance is not None:
        yield from notify_findings(appliance, world.config_folder)
    for client in appliance.clients if appliance else ():
        if client.enabled:
            yield from client_findings(
                client, histories.get(client.name), now=now, root=world.config_folder, owner=world.owner()
            )
