"""`borgpull alarms`: what holds and should be looked at, and the word of the operator that a change was right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Group
from rich.table import Table
from rich.text import Text

from appliance.cli.readable import ago, iso, safe, say_json, show
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.notice import Severity
from appliance.plan.bursts import acceptance, accepted_fact

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from appliance.notice import AlarmState

_COLOURS = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


@click.command()
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object an alarm.")
@click.option("--accept-change", metavar="NAME", help="Say that what changed at once on NAME is right: prune goes on.")
@in_surroundings
def alarms(world: Surroundings, *, for_programs: bool, accept_change: str | None) -> None:
    """Show every alarm that holds, with what to do.

    Example: borgpull alarms
    """
    if accept_change is not None:
        _accept(world, accept_change)
        return
    held = world.journal().alarms()
    if for_programs:
        say_json([alarm_json(state) for state in held])
    elif held:
        show(_page(held, world.clock.now()))
    else:
        click.echo("No alarm holds.")


def _accept(world: Surroundings, name: str) -> None:
    client = known_client(world.load(), name)
    store = world.journal()
    until, fact = acceptance(store.archives(client.name), world.clock.now())
    store.set_fact(accepted_fact(client.name), fact)
    click.echo(f"accepted: what {client.name} changed until {until:%Y-%m-%d %H:%M:%S} UTC; prune goes on")


def alarm_json(state: AlarmState) -> dict[str, str | None]:
    """Give an alarm to programs."""
    alarm = state.alarm
    return {
        "id": alarm.alarm_id,
        "kind": alarm.kind.value,
        "client": alarm.client or None,
        "severity": alarm.severity.value,
        "raised": iso(state.raised),
        "told": iso(state.told),
        "sentence": alarm.sentence,
    }


def _page(held: Sequence[AlarmState], now: datetime) -> Group:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("ALARM", "CLIENT", "SEVERITY", "SINCE", "TOLD"):
        table.add_column(heading, no_wrap=True)
    for state in held:
        alarm = state.alarm
        severity = Text(alarm.severity, style=_COLOURS[alarm.severity])
        told = ago(state.told, now, never="nobody: no `notify`")
        table.add_row(alarm.kind, alarm.client or "-", severity, ago(state.raised, now), told)
    sentences = [Text.assemble((f"{state.alarm.alarm_id}: ", "bold"), safe(state.alarm.sentence)) for state in held]
    return Group(table, *sentences)
