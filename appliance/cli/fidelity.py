"""`borgpull client probe NAME --fidelity`: what the client's method keeps and loses there, found out by trying."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import click

from appliance.cli.present_fidelity import card_page
from appliance.cli.question import appliance_id
from appliance.cli.readable import safe, safe_lines, say_json, show
from appliance.cli.tunnel_states import tunnel_states
from appliance.cli.under_the_lock import busy, carried_out
from appliance.cli.way_in import tunnel_port
from appliance.errors import BorgpullError, ExitCode
from appliance.plan import places
from appliance.plan.container import container_spec
from appliance.plan.dial_in import not_up
from appliance.plan.fidelity import PARENT, Card
from appliance.plan.fidelity_plan import (
    card_fact,
    fidelity_plan,
    folders_fact,
    judged,
    needs_restore_key,
    refusal,
    tree_name,
)
from appliance.plan.launch_gates import secrets_gate
from appliance.plan.operations import FIDELITY
from appliance.plan.tunnel_report import UP
from appliance.plan.tunnels import dials_in
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.cli.surroundings import Store, Surroundings
    from appliance.config.model import Client
    from appliance.plan.events import Result
    from appliance.plan.run_plan import RunPlan

_PLAIN = re.compile(r"/[A-Za-z0-9/._-]{1,200}")


def take_card(world: Surroundings, client: Client, *, at: str, yes: bool, for_programs: bool) -> ExitCode:
    """Ask, try, print and remember; returns the exit code. Raises BorgpullError."""
    parent = _insist_sound(client, at or PARENT)
    if dials_in(client) and tunnel_states(world.journal()).get(client.name) != UP:
        raise BorgpullError(not_up(client.name))
    gate = secrets_gate(client, world.volumes().survey(client.name))
    if gate is not None:
        raise BorgpullError(gate.sentence)
    plan = _planned(world, client, parent)
    if not yes:
        click.echo(_question(client, plan), err=True)
        click.confirm("Put it there?", abort=True, err=True)
    if needs_restore_key(client):
        world.keys().create_restore_key(client.name)
    heard = _carried_out(world, client, plan)
    if heard.card is None:
        raise _trouble(heard)
    return _told(heard, for_programs=for_programs)


def remembered(store: Store, client: str) -> Card | None:
    """Return the client's newest card; None when there is none that this version can read."""
    try:
        return Card.from_json(json.loads(store.fact(card_fact(client)) or "{}"))
    except (KeyError, TypeError, ValueError):
        return None


def _insist_sound(client: Client, parent: str) -> str:
    if why := refusal(client):
        raise click.UsageError(why)
    parent = parent.rstrip("/") or "/"
    if not _PLAIN.fullmatch(f"{parent}/") or ".." in parent.split("/"):
        raise click.UsageError("--at must be an absolute path of letters, digits, '.', '_' and '-'.")
    return parent


def _question(client: Client, plan: RunPlan) -> str:
    (tree,) = plan.paths
    way = "the restore key (its lease must be open; one with --way tar tries most)"
    return (
        f"A test tree of some 30 small files is put on {client.name} as {tree},\nby "
        f"{way if needs_restore_key(client) else 'its pull key, which runs commands there anyway'}; it is pulled by "
        f"method {client.method} into a repository that is thrown away,\nand removed from {client.name} again. Hooks "
        "do not run, and nothing of its own repository is touched."
    )


def _planned(world: Surroundings, client: Client, parent: str) -> RunPlan:
    store = world.journal()
    us = appliance_id(store)
    return fidelity_plan(
        client,
        run_id=f"{FIDELITY}-{secrets.token_hex(3)}",
        now=world.clock.now(),
        appliance_id=us,
        owner=world.owner(),
        tunnel_port=tunnel_port(world, client),
        tree=f"{parent.rstrip('/')}/{tree_name(us, client.name, secrets.token_hex(6))}",
        folders=_folders(store, client),
    )


def _folders(store: Store, client: Client) -> tuple[str, ...]:
    """Return the folders in which an earlier try may have left its tree."""
    return tuple(json.loads(store.fact(folders_fact(client.name)) or "[]"))


@dataclass(slots=True)
class _Heard:
    """What the container told."""

    client: Client
    store: Store
    card: Card | None = None
    stays: str = ""
    result: Result | None = None

    def hear(self, said: Mapping[str, Any]) -> None:
        """Take one item."""
        if "card" in said:
            self.card = judged(Card.from_json(said["card"]), self.client)
            self.store.set_fact(card_fact(self.client.name), json.dumps(self.card.to_json()))
        elif "gone" in said:
            self.stays = "" if said["gone"] else str(said["tree"])
            if not self.stays:
                self.store.set_fact(folders_fact(self.client.name), "[]")


def _carried_out(world: Surroundings, client: Client, plan: RunPlan) -> _Heard:
    settings, store = world.load().settings, world.journal()
    state = world.engine().inspect(places.container_name(settings.name, client.name))
    if state is not None:
        # Only who holds the client may sweep away what an earlier try has left here.
        raise busy(client.name)
    heard = _Heard(client, store)
    with world.scratch().lent(plan):
        refused = world.volumes().prepare(plan)
        if refused is not None:
            raise BorgpullError(refused.sentence)
        # Remembered before it is made: whatever is killed in between, the next card removes it.
        above = str(PurePosixPath(plan.paths[0]).parent)
        store.set_fact(folders_fact(client.name), json.dumps(list(dict.fromkeys((*_folders(store, client), above)))))
        heard.result = carried_out(world, plan, container_spec(client, plan, settings), heard.hear)
    return heard


def _trouble(heard: _Heard) -> BorgpullError:
    result = heard.result
    message = result.message if result and result.message else "the container gave no explanation"
    left = f" {_stays(heard)}" if heard.stays else ""
    error = BorgpullError(f"{safe_lines(message)}{left}")
    if result is not None:
        engine = result.reason is Reason.ENGINE
        error.exit_code = ExitCode.ENGINE if engine else result.outcome.exit_code
    return error


def _stays(heard: _Heard) -> str:
    return (
        f"The test tree stays on {heard.client.name} as {safe(heard.stays)}; the next card removes it, or do it by "
        f"hand (`chattr -R -i` first, then `rm -r`)."
    )


def _told(heard: _Heard, *, for_programs: bool) -> ExitCode:
    card = heard.card
    assert card is not None  # noqa: S101 - the caller has looked
    if for_programs:
        say_json([{**card.to_json(), "surprises": [row.trait for row in card.surprises], "stays": heard.stays or None}])
    else:
        show(card_page(card))
    if heard.stays:
        click.echo(f"borgpull: {_stays(heard)}", err=True)
    return ExitCode.WARNING if heard.stays or card.surprises else ExitCode.SUCCESS
