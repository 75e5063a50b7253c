"""`borgpull client look`: what a client offers, which method that recommends, what to read there and what not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.cli.present_offer import look_json, offer_text, proposal_text, recommendation_text
from appliance.cli.question import ask
from appliance.cli.readable import say_json
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.config.model import MachineClient
from appliance.errors import BorgpullError
from appliance.plan.offer import LOOK, Offer
from appliance.plan.proposal import propose
from appliance.plan.recommendation import recommend

if TYPE_CHECKING:
    from appliance.config.model import Client


@click.command("look")
@click.argument("name")
@click.option("--json", "for_programs", is_flag=True, help="Print JSON.")
@in_surroundings
def look_at(world: Surroundings, name: str, *, for_programs: bool) -> None:
    """Look at a machine, and change nothing: what it offers, what `client add` would recommend, read and leave out.

    Its key must be let in there, and its host key be pinned.

    Example: borgpull client look web1
    """
    client = known_client(world.load(), name)
    if not isinstance(client, MachineClient):
        raise click.UsageError(f"{name} is read by method {client.method}: there is no machine to look at.")
    if not world.volumes().survey(name).has_known_hosts:
        raise BorgpullError(f"no host key of {name} is pinned yet; `borgpull client trust {name}` shows and pins it")
    offer = seen(world, client)
    recommendation, proposal = recommend(offer, client.reach), propose(offer, client.user)
    if for_programs:
        say_json(look_json(name, offer, recommendation, proposal))
        return
    parts = (offer_text(name, client.user, offer), recommendation_text(recommendation), proposal_text(proposal))
    click.echo("\n\n".join(parts))


def seen(world: Surroundings, client: Client) -> Offer:
    """Look at the client; it need not be configured yet. Raises BorgpullError with the reason why it did not work."""
    told = next(iter(list(ask(world, client, LOOK))), None)
    if told is None:
        raise BorgpullError(f"the look at {client.name} ended without an answer; try again")
    return Offer.from_json(told)
