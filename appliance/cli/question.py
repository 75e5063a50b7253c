"""Put a question about a client to a container of its own, and say in one sentence why there is no answer."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.ask import ask as answers_of
from appliance.cli.tunnel_states import tunnel_states
from appliance.cli.way_in import tunnel_port
from appliance.errors import BorgpullError, EngineError, NotFoundError, SupervisorError
from appliance.plan import places
from appliance.plan.container import container_spec, plan_file
from appliance.plan.dial_in import not_up
from appliance.plan.make import plan_run
from appliance.plan.offer import LOOK
from appliance.plan.operations import PREVIEW, SCAN
from appliance.plan.retention import protected_fact, wrote_itself_fact
from appliance.plan.tunnels import dials_in
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from appliance.cli.surroundings import Store, Surroundings
    from appliance.config.model import Client
    from appliance.plan.events import Result
    from appliance.plan.run_plan import RunPlan
    from appliance.record import RestoreOrder


def ask(
    world: Surroundings,
    client: Client,
    operation: str,
    *arguments: str,
    restore: RestoreOrder | None = None,
    destination: Client | None = None,
) -> Iterator[Mapping[str, Any]]:
    """Yield the answers to one of QUESTIONS; raises BorgpullError when it went wrong.

    `restore` is what a preview is about, `destination` the other client that it looks at.
    """
    if operation not in (SCAN, LOOK) and not world.volumes().survey(client.name).has_repository:
        raise NotFoundError(f"{client.name} has no repository yet; `borgpull run {client.name}` makes it")
    plan = _plan(world, client, operation, arguments, restore, destination)
    refusal = world.volumes().prepare(plan)
    if refusal is not None:
        raise BorgpullError(refusal.sentence)
    try:
        result = yield from answers_of(world.engine(), container_spec(client, plan, world.load().settings, destination))
    finally:
        written = world.state_folder / Path(plan_file(plan)).relative_to(places.STATE)
        written.unlink(missing_ok=True)
    if not result.outcome.is_good:
        raise _trouble(client, operation, result)


def _plan(
    world: Surroundings,
    client: Client,
    operation: str,
    arguments: tuple[str, ...],
    restore: RestoreOrder | None,
    destination: Client | None,
) -> RunPlan:
    store = world.journal()
    return plan_run(
        client,
        operation,
        run_id=f"{operation}-{secrets.token_hex(3)}",
        now=world.clock.now(),
        appliance_id=appliance_id(store),
        repository=store.repository(client.name),
        ledger=store.archives(client.name),
        arguments=arguments,
        tunnel_port=_tunnel_port(world, destination or client, operation),
        restore=restore,
        destination=destination,
        protected=json.loads(store.fact(protected_fact(client.name)) or "[]"),
        wrote_itself=bool(store.fact(wrote_itself_fact(client.name))),
        owner=world.owner(),
    )


def _tunnel_port(world: Surroundings, client: Client, operation: str) -> int | None:
    """Return the gateway's port of a client that dials in; raises BorgpullError when the question needs it in vain."""
    if operation not in (SCAN, LOOK, PREVIEW) or not dials_in(client):
        return None
    if tunnel_states(world.journal()).get(client.name) != "up":
        raise BorgpullError(not_up(client.name))
    return tunnel_port(world, client)


def appliance_id(store: Store) -> str:
    """Return who we are; raises SupervisorError before the supervisor has run for the first time."""
    found = store.fact("appliance_id")
    if not found:
        raise SupervisorError("the supervisor has never run here; start it with `docker compose up -d`")
    return found


def _trouble(client: Client, operation: str, result: Result) -> BorgpullError:
    sentence = result.message or f"{operation} of {client.name} {result.outcome}"
    if result.reason is Reason.ENGINE:
        return EngineError(sentence)
    return BorgpullError(sentence)
