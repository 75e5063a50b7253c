"""`borgpull status`: how every client stands."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import click

from appliance.cli.client_states import ClientStatus, Story, client_status, remembered_status
from appliance.cli.readable import age, count, safe, say_json, screen, show
from appliance.cli.surroundings import (
    Surroundings,
    heartbeat_age,
    in_surroundings,
    is_alive,
    no_such_client,
    supervisor_sentence,
    what_holds,
)
from appliance.cli.tunnel_states import tunnel_states
from appliance.config.folder import fingerprint
from appliance.errors import ConfigError
from appliance.plan import known_clients
from appliance.plan.known_clients import FAULT, IN_FORCE, KNOWN_CLIENTS, NOTHING, KnownClient
from appliance.record import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from appliance.cli.surroundings import Store
    from appliance.ports import Standing


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--watch", is_flag=True, help="Keep showing it, every second, until Ctrl-C.")
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object a client.")
@in_surroundings
def status(world: Surroundings, names: tuple[str, ...], *, watch: bool, for_programs: bool) -> None:
    """Show how every client stands.

    With `--watch` it is drawn anew each second: runs in progress with their rate and how long they will still take,
    what comes next, and each client's last 30 days, a character a day.

    Example: borgpull status web1
    Or: borgpull status --watch
    """
    if watch and (for_programs or not screen().is_terminal):
        raise click.UsageError(
            "--watch draws on a terminal; leave it out with --json, in pipes, and with `docker compose exec -T`."
        )
    store = world.journal()
    if for_programs:
        say_json([one.to_json() for one in statuses(world, store, names)])
    elif watch:
        # Half of all that is imported, and seldom asked for.
        from appliance.cli import live_status  # noqa: PLC0415

        live_status.watch(world, screen(), lambda: look(world, store, names))
    else:
        # Programs ask every minute, and need nothing that draws.
        from appliance.cli.present_status import status_page  # noqa: PLC0415

        show(status_page(*look(world, store, names), world.clock.now()))


def look(world: Surroundings, store: Store, names: tuple[str, ...]) -> tuple[tuple[ClientStatus, ...], tuple[str, ...]]:
    """Return every line and every headline, by one look at the configuration."""
    known = _known(world, store)
    return _folded(world, store, names, known), headlines(world, store, known)


def _known(world: Surroundings, store: Store) -> tuple[KnownClient, ...] | ConfigError:
    """Return the configured clients: as the supervisor has read them while the files are still those, else anew."""
    told = known_clients.from_json(store.fact(KNOWN_CLIENTS), fingerprint(world.config_folder))
    # What an older version has read may be the same files, and hold no more by the lights of this one.
    if told is not None and store.fact(IN_FORCE) != NOTHING:
        return told
    try:
        return tuple(KnownClient.of(client) for client in what_holds(world).clients)
    except ConfigError as error:
        return error


def statuses(world: Surroundings, store: Store, names: tuple[str, ...]) -> tuple[ClientStatus, ...]:
    """Fold configuration and journal; every client when none is named. Raises NotFoundError for an unknown name."""
    return _folded(world, store, names, _known(world, store))


def _folded(
    world: Surroundings, store: Store, names: tuple[str, ...], configured: tuple[KnownClient, ...] | ConfigError
) -> tuple[ClientStatus, ...]:
    now = world.clock.now()
    standings = store.standings()
    stories = _stories(store, standings, now)
    watched = _in_force(store) if isinstance(configured, ConfigError) else configured
    if watched is None:
        # The clients that ever ran are still worth showing.
        told = ((name, stories(name)) for name in sorted(standings.get(Operation.CREATE, {})))
        known = {name: remembered_status(story.standing, story) for name, story in told if story.standing}
    else:
        known = {client.name: client_status(client, stories(client.name), now) for client in watched}
    for name in names:
        if name not in known:
            raise no_such_client(name, known)
    return tuple(known[name] for name in dict.fromkeys(names or known))


def _in_force(store: Store) -> tuple[KnownClient, ...] | None:
    """Return the clients by which the supervisor goes while the files do not hold; None where it goes by none."""
    if store.fact(IN_FORCE) == NOTHING:
        return None
    return known_clients.from_json(store.fact(KNOWN_CLIENTS), None)


def _stories(
    store: Store, standings: Mapping[Operation, Mapping[str, Standing]], now: datetime
) -> Callable[[str], Story]:
    pulled = standings.get(Operation.CREATE, {})
    unfinished = store.unfinished()
    running = {record.client: record for record in unfinished if not record.operation.is_upkeep}
    upkeep = {record.client: record.operation for record in unfinished if record.operation.is_upkeep}
    kept_up = {operation: standings.get(operation, {}) for operation in Operation if operation.is_upkeep}
    due = next_runs(store)
    waiting: dict[str, str] = json.loads(store.fact("waiting") or "{}")
    # What nobody looks at any more is not known.
    tunnels = tunnel_states(store) if is_alive(heartbeat_age(store, now)) else {}

    def story(name: str) -> Story:
        run = running.get(name)
        return Story(
            standing=pulled.get(name),
            running=run,
            progress=store.progress_of(run.run_id) if run else None,
            next_run=due.get(name),
            waits_for=waiting.get(name, ""),
            tunnel=tunnels.get(name),
            upkeep=upkeep.get(name),
            kept_up={operation: found[name] for operation, found in kept_up.items() if name in found},
        )

    return story


def next_runs(store: Store) -> Mapping[str, datetime]:
    """Return when the supervisor means to run each client next: nobody, from the moment of a pause on."""
    if store.fact("paused"):
        # What the supervisor said last may be some seconds older than the pause.
        return {}
    found: dict[str, str | None] = json.loads(store.fact("next_runs") or "{}")
    return {client: datetime.fromisoformat(when) for client, when in found.items() if when}


def headlines(world: Surroundings, store: Store, known: tuple[KnownClient, ...] | ConfigError) -> tuple[str, ...]:
    """Say what concerns the whole appliance and should be read before the table."""
    now = world.clock.now()
    heartbeat = heartbeat_age(store, now)
    lines = []
    if not is_alive(heartbeat):
        lines.append(supervisor_sentence(heartbeat).capitalize())
    paused = store.fact("paused")
    if paused:
        reason = f" ({safe(store.fact('paused_reason') or '')})" if store.fact("paused_reason") else ""
        since = age(now - datetime.fromisoformat(paused))
        lines.append(f"Paused since {since}{reason}: nothing starts by itself; `borgpull resume` ends that")
    engine = store.fact("docker")
    if engine and engine != "up":
        lines.append(f"The container engine is down: {engine}")
    fault = store.fact(FAULT)
    if fault:
        lines.append(f"A fault of Borgpull keeps it from what is due: {safe(fault)}; please report what its log says")
    gateway = store.fact("gateway")
    if gateway:
        lines.append(f"Nobody can dial in: {gateway}")
    lines += _notifications(store)
    if isinstance(known, ConfigError):
        kept = "nothing runs until it holds" if store.fact(IN_FORCE) == NOTHING else "the last good one stays in force"
        lines.append(f"The configuration is wrong; {kept}:")
        lines.extend(f"  {problem}" for problem in known.problems)
    return tuple(lines)


def _notifications(store: Store) -> Iterable[str]:
    held = len(store.alarms())
    if held:
        yield f"{count(held, 'alarm')}: `borgpull alarms` says what to do"
    stuck = [one for one in store.pending() if one.attempts]
    if stuck:
        yield f"{count(len(stuck), 'notification')} could not be delivered yet: {stuck[-1].trouble}"
    for record in store.channel_records():
        failed, good = record.last_failure, record.last_success
        if not stuck and failed is not None and (good is None or failed > good):
            yield f"The last notification by {record.kind} was not delivered: {record.trouble}; `borgpull notify test`"
