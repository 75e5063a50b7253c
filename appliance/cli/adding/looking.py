"""The dialogue about method, paths and what is left out: proposed from the look, and decided by the operator."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from appliance.cli.adding.asking import pause, until_it_works
from appliance.cli.client_look import seen
from appliance.cli.present_offer import proposal_text, recommendation_text, trust_text
from appliance.cli.readable import safe
from appliance.config.keys import MODELS
from appliance.config.write import Remarks
from appliance.errors import ConfigError
from appliance.plan.proposal import LeftOut, met_below, propose
from appliance.plan.recommendation import recommend

if TYPE_CHECKING:
    from appliance.cli.adding.asking import Draft
    from appliance.cli.surroundings import Surroundings
    from appliance.config.model import AnyBorgClient, SshfsClient
    from appliance.plan.offer import Offer
    from appliance.plan.proposal import Proposal

_METHODS = tuple(method for method in MODELS if method != "mount")


def decide(draft: Draft, client: SshfsClient | AnyBorgClient, offer: Offer) -> Remarks:
    """Fill in method, paths and excludes, and return the reasons of each."""
    offer = _with_a_way(draft.world, client, offer)
    reason = _method(draft, client, offer)
    proposal = propose(offer, client.user)
    left_out = _what(draft, proposal)
    is_proposed = draft.values.get("paths") == list(proposal.paths)
    date = draft.world.clock.now().date().isoformat()
    system = f" of {offer.system}" if offer.system else ""
    return Remarks(
        heading=(f"Made on {date} by `borgpull client add` after a look at {client.host}{system}.",),
        keys={"method": reason, **({"paths": proposal.reason} if is_proposed else {})},
        entries={one.pattern: one.reason for one in left_out},
    )


def _with_a_way(world: Surroundings, client: SshfsClient | AnyBorgClient, offer: Offer) -> Offer:
    """Look again until some method works."""
    while (told := recommend(offer, client.reach)).method is None:
        click.echo(f"\n{recommendation_text(told)}")
        pause("Enter looks again; Ctrl-C gives up")
        offer = until_it_works(lambda: seen(world, client))
    return offer


def _method(draft: Draft, client: SshfsClient | AnyBorgClient, offer: Offer) -> str:
    told = recommend(offer, client.reach)
    assert told.method is not None  # noqa: S101 - insisted on
    click.echo(f"\n{recommendation_text(told)}\n")
    click.echo(trust_text(draft.client(method=told.method)))
    if "method" not in draft.values:
        draft.values["method"] = click.prompt("\nMethod", type=click.Choice(_METHODS), default=told.method)
    chosen = draft.values["method"]
    if chosen == "ssh-agent":
        draft.ask("callback", "Where the machine calls this Docker host (host:port)")
    if chosen == told.method:
        return told.reason
    click.echo(f"\n{trust_text(draft.client())}")
    return next((one.reason for one in told.others if one.method == chosen), "chosen by hand")


def _what(draft: Draft, proposal: Proposal) -> tuple[LeftOut, ...]:
    """Settle paths and excludes; what the command line or [defaults] say of paths is not asked again."""
    if "paths" in draft.values or "paths" in draft.inherited:
        return ()
    click.echo(f"\n{proposal_text(proposal)}")
    left_out, paths = proposal.left_out, list(proposal.paths)
    if not click.confirm("\nAs proposed?", default=True):
        paths, left_out = _by_hand(draft, proposal)
    draft.values["paths"] = paths
    own = [one.pattern for one in left_out]
    draft.values["exclude"] = [*own, *(one for one in draft.values.get("exclude", ()) if one not in own)]
    return left_out


def _by_hand(draft: Draft, proposal: Proposal) -> tuple[list[str], tuple[LeftOut, ...]]:
    paths = _words(draft, "paths", "Read (paths, separated by spaces)", shlex.join(proposal.paths))
    more = _words(draft, "exclude", "Leave out besides (patterns, separated by spaces)", "")
    left_out = met_below(paths, proposal.left_out)
    click.echo(f"Left out are: {safe(' '.join(one.pattern for one in left_out))}")
    wanted = _words(draft, "exclude", "Read after all (some of these, separated by spaces)", "")
    kept = [one for one in left_out if one.pattern not in wanted]
    return paths, (*kept, *(LeftOut(pattern=one, reason="left out by hand") for one in more))


def _words(draft: Draft, key: str, question: str, default: str) -> list[str]:
    while True:
        try:
            words = shlex.split(click.prompt(question, default=default, show_default=bool(default)))
            more: dict[str, Any] = {"paths": ["/"], key: words}
            draft.client(**more)
        except (ConfigError, ValueError) as error:
            click.echo(f"  {error}")
        else:
            return words
