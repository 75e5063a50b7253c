"""`borgpull plan`: what the next run would do, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.borg.create import create
from appliance.cli.plan_on_client import on_client
from appliance.cli.present_plan import Preview, plan_page
from appliance.cli.readable import say_json, show
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.cli.tunnel_states import tunnel_states
from appliance.cli.way_in import tunnel_port
from appliance.config.model import BorgClient
from appliance.plan.container import container_spec
from appliance.plan.dial_in import tunnel_gate
from appliance.plan.due import decide
from appliance.plan.launch_gates import launch_gate
from appliance.plan.make import plan_run
from appliance.record import Operation

if TYPE_CHECKING:
    from appliance.config.model import Appliance, Client


@click.command()
@click.argument("name")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON object.")
@in_surroundings
def plan(world: Surroundings, name: str, *, for_programs: bool) -> None:
    """Show what the next run of a client would do, and stop there.

    Example: borgpull plan web1
    """
    appliance = world.load()
    shown = preview(world, appliance, known_client(appliance, name))
    if for_programs:
        say_json(shown.to_json())
    else:
        show(plan_page(shown, appliance.timezone))


def preview(world: Surroundings, appliance: Appliance, client: Client) -> Preview:
    """Take every decision a run takes, from what the journal knows now, and act on none."""
    store, now = world.journal(), world.clock.now()
    histories = store.last_runs()
    known = store.repository(client.name)
    identity = store.fact("appliance_id") or ""
    ground, floor = world.volumes().survey(client.name), appliance.settings.free_space
    planned = plan_run(
        client,
        Operation.CREATE,
        run_id="RUN",
        now=now,
        appliance_id=identity,
        history=histories.get(client.name),
        ledger=store.archives(client.name),
        repository=known,
        room=ground.free_space - floor,
        tunnel_port=tunnel_port(world, client),
        owner=appliance.owner,
    )
    there = on_client(planned) if isinstance(client, BorgClient) else None
    return Preview(
        due=decide(
            client,
            histories.get(client.name),
            now=now,
            zone=appliance.timezone,
            first_seen=now,
            paused=bool(store.fact("paused")),
        ),
        refusal=launch_gate(
            client,
            ground,
            floor=floor,
            appliance_id=identity,
            known=known,
            others_known=any(history.last_success is not None for history in histories.values()),
        )
        or tunnel_gate(client, tunnel_states(store).get(client.name, "")),
        plan=planned,
        container=container_spec(client, planned, appliance.settings),
        command=there.command if there else create(planned),
        on_client=there,
    )
