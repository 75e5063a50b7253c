"""`borgpull client borg`: any Borg command on the client, through the client's own channel."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, Any

import click

from appliance.borg.by_hand import refusal
from appliance.cli.question import appliance_id
from appliance.cli.readable import safe_lines
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.cli.tunnel_states import tunnel_states
from appliance.cli.under_the_lock import carried_out
from appliance.cli.way_in import tunnel_port
from appliance.config.model import BorgClient, MountClient
from appliance.errors import BorgpullError, ExitCode, NotFoundError, OutputLostError
from appliance.plan import places
from appliance.plan.container import container_spec
from appliance.plan.dial_in import not_up
from appliance.plan.launch_gates import launch_gate
from appliance.plan.make import plan_run
from appliance.plan.operations import BY_HAND
from appliance.plan.tunnel_report import UP
from appliance.plan.tunnels import dials_in
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.config.model import AnyBorgClient, Client
    from appliance.plan.run_plan import RunPlan


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("arguments", metavar="-- ARGUMENTS...", nargs=-1, type=click.UNPROCESSED, required=True)
@click.option("--force", is_flag=True, help="Also what can delete or change archives, or the repository itself.")
@in_surroundings
def borg(world: Surroundings, name: str, arguments: tuple[str, ...], *, force: bool) -> None:
    """Run any Borg command on the client, against its repository (methods whose Borg runs there).

    The repository need not be named: `::ARCHIVE` is an archive of it. Never beside another run of the client. Exit
    code 1 when Borg warns, 3 when it fails.

    Example: borgpull client borg web1 -- list
    """
    client = _with_borg(known_client(world.load(), name))
    if dials_in(client) and tunnel_states(world.journal()).get(name) != UP:
        raise BorgpullError(not_up(name))
    why_not = refusal(arguments)
    if why_not and not force:
        raise click.UsageError(f"{why_not}. If you really want that: --force, before the `--`.")
    plan = _planned(world, client, arguments)
    passing = _Passing()
    result = carried_out(world, plan, container_spec(client, plan, world.load().settings), passing.hear)
    if result.outcome.is_good:
        passing.insist_whole()
    if result.message:
        click.echo(f"borgpull: {safe_lines(result.message)}", err=True)
    click.get_current_context().exit(ExitCode.ENGINE if result.reason is Reason.ENGINE else result.outcome.exit_code)


def _with_borg(client: Client) -> AnyBorgClient:
    if isinstance(client, BorgClient):
        return client
    instead = "a folder of this server" if isinstance(client, MountClient) else "a machine without Borg"
    raise click.UsageError(
        f"{client.name} is read by method {client.method}: {instead}, so there is no Borg on it to run. `borgpull "
        f"archives {client.name}` and `borgpull files {client.name} latest` look into its repository from here, and "
        "docs/how-to/restore-with-plain-borg.md tells how to do anything else."
    )


def _planned(world: Surroundings, client: AnyBorgClient, arguments: tuple[str, ...]) -> RunPlan:
    """Take the gates of a run, and write the plan; raises BorgpullError."""
    store, volumes = world.journal(), world.volumes()
    ground = volumes.survey(client.name)
    if not ground.has_repository:
        raise NotFoundError(f"{client.name} has no repository yet; `borgpull run {client.name}` makes it")
    us, known, histories = appliance_id(store), store.repository(client.name), store.last_runs()
    others = any(history.last_success is not None for history in histories.values())
    gate = launch_gate(client, ground, floor=0, appliance_id=us, known=known, others_known=others)
    if gate is not None:
        raise BorgpullError(gate.sentence)
    plan = plan_run(
        client,
        BY_HAND,
        run_id=f"{BY_HAND}-{secrets.token_hex(3)}",
        now=world.clock.now(),
        appliance_id=us,
        history=histories.get(client.name),
        ledger=store.archives(client.name),
        repository=known,
        arguments=arguments,
        alive=tuple(
            state.labels.get(places.LABEL_RUN, "")
            for state in world.engine().ours(us)
            if state.running and state.labels.get(places.LABEL_CLIENT) == client.name
        ),
        tunnel_port=tunnel_port(world, client),
        room=ground.free_space - world.load().settings.free_space,
        owner=world.owner(),
    )
    refused = volumes.prepare(plan)
    if refused is not None:
        raise BorgpullError(refused.sentence)
    return plan


class _Passing:
    """Prints what Borg printed, byte for byte, as if it ran here; to a terminal only what cannot command it."""

    def __init__(self) -> None:
        self._so_far = 0
        self._is_all = False

    def hear(self, said: Mapping[str, Any]) -> None:
        """Print a piece; raises OutputLostError where one before it is missing."""
        pieces = {key: said.get(key, "").encode("latin-1") for key in ("out", "err")}
        self._so_far += sum(map(len, pieces.values()))
        if self._so_far != said["so_far"]:
            raise OutputLostError(_LOST)
        self._is_all = said.get("is_all", False)
        for key, stream in (("out", sys.stdout), ("err", sys.stderr)):
            shown = for_a_terminal(pieces[key]) if stream.isatty() else pieces[key]
            click.echo(shown, nl=False, err=key == "err")

    def insist_whole(self) -> None:
        """Raise OutputLostError where the end is missing."""
        if not self._is_all:
            raise OutputLostError(_LOST)


_LOST = (
    "a part of Borg's output was lost, since it was read more slowly than the engine's log forgets; what came out is "
    "not whole. Run it again into a faster reader, or let Borg write into a file on the client"
)


def for_a_terminal(raw: bytes) -> str:
    """Return what a client printed with every character replaced by which it could command a terminal."""
    text = raw.decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() or letter in _HARMLESS else "?" for letter in text)


# Borg writes its progress over itself.
_HARMLESS = "\n\t\r"
