"""`borgpull doctor`: look at everything a run will need, and say what to do about what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.cli.bundle_contents import contents
from appliance.cli.bundle_file import packed
from appliance.cli.checkup_engine import container_findings, engine_clock_findings, engine_findings
from appliance.cli.checkup_escrow import escrow_findings
from appliance.cli.checkup_house import client_findings, supervisor_findings
from appliance.cli.checkup_listing import listing_findings
from appliance.cli.checkup_notify import notify_findings
from appliance.cli.checkup_probe import probe_findings
from appliance.cli.checkup_security import security_findings
from appliance.cli.checkup_socket import socket_finding
from appliance.cli.checkup_volumes import repositories_findings, volume_findings
from appliance.cli.findings import Level, bad, exit_code, findings_page, fine, worst_first
from appliance.cli.readable import count, say_json, show
from appliance.cli.surroundings import Surroundings, in_surroundings, what_holds
from appliance.cli.whole_file import write_whole
from appliance.config.model import ApplianceSettings
from appliance.errors import ConfigError, ExitCode, StateError
from appliance.plan.known_clients import IN_FORCE, NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from appliance.cli.findings import Finding
    from appliance.cli.surroundings import Store
    from appliance.config.model import Appliance
    from appliance.ports import ClientHistory
    from appliance.record import RunRecord

_WRITTEN = "The support archive went to {}. No known secret is in it; look through it before you give it away."
# The journal, the logs of runs and Borg's caches grow slowly; below this nothing may be written down any more.
_STATE_FLOOR = 64 << 20


@click.command()
@click.option("--probe", is_flag=True, help="Also try the way to each client now, as `client probe` does.")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object a finding, the worst first.")
@click.option(
    "--bundle", metavar="FILE", help="Also write a support archive (tar.gz) without secrets; - is standard output."
)
@click.option("--hide-hosts", is_flag=True, help="Take hosts and addresses out of the support archive too.")
@in_surroundings
def doctor(world: Surroundings, *, probe: bool, for_programs: bool, bundle: str | None, hide_hosts: bool) -> None:
    """Look at engine, volumes, clock, secrets and clients. The first line says what is wrong.

    The exit code is that of the first line: 0 fine, 1 warnings, else by what is bad.

    Example: borgpull doctor
    Example: borgpull doctor --probe
    Example: borgpull doctor --bundle /restored/support.tar.gz
    """
    if hide_hosts and bundle is None:
        raise click.UsageError("--hide-hosts is about the support archive; give --bundle FILE as well")
    findings = worst_first(_findings(world, probe=probe))
    if bundle is not None:
        write_whole(packed(contents(world, findings, hide_hosts=hide_hosts), world.clock.now()), bundle)
        click.echo(_WRITTEN.format("standard output" if bundle == "-" else bundle), err=True)
    if bundle == "-":
        click.get_current_context().exit(exit_code(findings))
    if for_programs:
        say_json([finding.to_json() for finding in findings])
    else:
        show(findings_page(findings))
    click.get_current_context().exit(exit_code(findings))


def _findings(world: Surroundings, *, probe: bool) -> Iterator[Finding]:
    """Look at everything, causes before what follows from them."""
    appliance: Appliance | None = None
    try:
        appliance = what_holds(world)
        yield fine("configuration", f"holds, {count(len(appliance.clients), 'client')}")
    except ConfigError as error:
        for problem in error.problems:
            advice = f"correct it; {_meanwhile(world)}"
            yield bad("configuration", str(problem), advice, ExitCode.CONFIG)
    settings = appliance.settings if appliance else ApplianceSettings()
    yield from _outside(world, settings, needs_fuse=_needs_fuse(appliance))
    yield from _inside(world, appliance, probe=probe)


def _meanwhile(world: Surroundings) -> str:
    try:
        is_nothing = world.journal().fact(IN_FORCE) == NOTHING
    except StateError:
        # Another finding tells of the journal.
        is_nothing = False
    return "nothing runs until it holds" if is_nothing else "the last good one stays in force meanwhile"


def _needs_fuse(appliance: Appliance | None) -> bool:
    return appliance is not None and any(client.method == "sshfs" for client in appliance.clients)


def _outside(world: Surroundings, settings: ApplianceSettings, *, needs_fuse: bool) -> Iterator[Finding]:
    engine = world.engine()
    asked = [socket_finding(engine.address)]
    if _all_well(asked):
        asked += engine_findings(engine)
    yield from asked
    sound = [world.config_folder]
    for folder, found in _volumes(world, settings):
        yield from found
        if _all_well(found):
            sound.append(folder)
    if _all_well(asked):
        yield from container_findings(engine, settings, tuple(sound), needs_fuse=needs_fuse)
        yield from engine_clock_findings(engine, world.clock.now())
        yield from security_findings(engine)


def _volumes(world: Surroundings, settings: ApplianceSettings) -> Iterator[tuple[Path, tuple[Finding, ...]]]:
    state, repositories = world.state_folder, world.repositories_folder
    yield state, tuple(volume_findings(state, world.look_at(state), floor=_STATE_FLOOR, holds_journal=True))
    yield repositories, tuple(volume_findings(repositories, world.look_at(repositories), floor=settings.free_space))


def _all_well(findings: Sequence[Finding]) -> bool:
    return all(finding.level is not Level.BAD for finding in findings)


def _last_good(histories: Mapping[str, ClientHistory], name: str) -> RunRecord | None:
    return histories[name].last_success if name in histories else None


def _is_configured(appliance: Appliance | None, name: str) -> bool:
    return appliance is not None and appliance.client(name) is not None


def _inside(world: Surroundings, appliance: Appliance | None, *, probe: bool) -> Iterator[Finding]:
    now = world.clock.now()
    clients = [client for client in appliance.clients if client.enabled] if appliance else []
    store: Store | None = None
    histories: Mapping[str, ClientHistory] = {}
    try:
        opened = world.journal()
        histories = opened.last_runs()
        yield from repositories_findings(world, opened, histories)
        yield from supervisor_findings(opened, now)
        store = opened
    except StateError as error:
        yield bad("journal", str(error), "check the volume at /state", ExitCode.STATE)
    if store is not None:
        good = {name for name, history in histories.items() if history.last_success and _is_configured(appliance, name)}
        yield from escrow_findings(store, good, world.escrow_files().gather)
    if appliance is not None:
        yield from notify_findings(appliance, world.config_folder)
    for client in clients:
        yield from client_findings(
            client, histories.get(client.name), now=now, root=world.config_folder, owner=world.owner()
        )
        if store is not None:
            yield from listing_findings(client, _last_good(histories, client.name), store)
    if probe and store is not None:
        yield from probe_findings(world, store, [client.name for client in clients])
