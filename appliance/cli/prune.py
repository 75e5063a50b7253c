"""`borgpull prune`: what `keep` would leave, on a calendar, or the prune itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from appliance.cli.present_prune import Judged, prune_page
from appliance.cli.question import ask
from appliance.cli.readable import say_json, show
from appliance.cli.run import watch
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client, require_supervisor
from appliance.plan.bursts import accepted_fact, change_gate
from appliance.plan.checked import Checked, checked_fact, damage_gate
from appliance.plan.operations import SIMULATE
from appliance.record import Operation, RequestKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from appliance.cli.surroundings import Store
    from appliance.config.model import Client


@click.command()
@click.argument("name")
@click.option("--simulate", is_flag=True, help="Only show which archives would be kept, and by which rule.")
@click.option("--json", "for_programs", is_flag=True, help="Print JSON: what would be kept, or the run.")
@in_surroundings
def prune(world: Surroundings, name: str, *, simulate: bool, for_programs: bool) -> None:
    """Delete what `keep` does not keep, now; or show what that would be.

    Example: borgpull prune web1 --simulate
    """
    appliance, store = world.load(), world.journal()
    client = known_client(appliance, name)
    if not simulate:
        require_supervisor(store, world.clock.now())
        watch(world, store, {name: store.ask(RequestKind.RUN, name, Operation.PRUNE)}, for_programs=for_programs)
        return
    told = list(ask(world, client, SIMULATE))
    judged = [_judged(item) for item in told if "name" in item]
    refusals = [*_held(store, client), *(str(item["refusal"]) for item in told if "refusal" in item)]
    if for_programs:
        say_json({"client": name, "refusals": refusals, "archives": [one.to_json() for one in judged]})
    else:
        show(prune_page(judged, refusals, appliance.timezone))


def _judged(item: Mapping[str, Any]) -> Judged:
    started = datetime.fromisoformat(str(item["started"]))
    return Judged(
        name=str(item["name"]),
        id=str(item["id"]),
        started=started if started.tzinfo else started.replace(tzinfo=UTC),
        kept=bool(item["kept"]),
        why=str(item["why"]),
    )


def _held(store: Store, client: Client) -> list[str]:
    """Say what holds every prune of the client at this moment."""
    checked = Checked.from_json(store.fact(checked_fact(client.name)))
    accepted = store.fact(accepted_fact(client.name))
    refusals = (damage_gate(client.name, checked), change_gate(client, store.archives(client.name), accepted))
    return [refusal.sentence for refusal in refusals if refusal is not None]
