"""`borgpull client trust`: look at a machine's host keys once, with the operator's eyes, and pin them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.cli.host_keys import (
    HostKey,
    Machine,
    is_changed,
    is_known,
    machines,
    pins_text,
    preference,
    trust_text,
)
from appliance.cli.question import ask
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.config.model import MachineClient
from appliance.errors import BorgpullError
from appliance.plan.operations import SCAN

if TYPE_CHECKING:
    from collections.abc import Collection

    from appliance.config.model import AnyBorgClient, SshfsClient


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Pin without asking: you have compared, or it is a test machine.")
@click.option("--replace", is_flag=True, help="Pin other keys than those that are pinned.")
@click.option(
    "--fingerprint",
    "fingerprints",
    metavar="SHA256:…",
    multiple=True,
    help="Pin only the key of this fingerprint, without asking; may be repeated, one for each machine on the way.",
)
@in_surroundings
def trust(world: Surroundings, name: str, *, yes: bool, replace: bool, fingerprints: tuple[str, ...]) -> None:
    """Show the host keys of a machine, and pin them.

    Asks before it pins. Later runs accept no other key. Where the way leads through other machines, each of them is
    shown and pinned first, since the next one is seen only from there.

    Example: borgpull client trust web1
    """
    client = known_client(world.load(), name)
    if not isinstance(client, MachineClient):
        raise click.UsageError(f"{name} is read by method {client.method}; it has no host key to trust.")
    if pin(world, client, yes=yes, replace=replace, wanted={fingerprint.strip() for fingerprint in fingerprints}):
        click.echo(f"Pinned. Next: borgpull client probe {name}")


def pin(
    world: Surroundings,
    client: SshfsClient | AnyBorgClient,
    *,
    yes: bool = False,
    replace: bool = False,
    wanted: Collection[str] = (),
) -> int:
    """Show the keys of each machine on the way and of the client, ask, and pin them; returns for how many machines.

    `wanted` are fingerprints that need no question. Raises BorgpullError, and Abort at a no.
    """
    seen: set[str] = set()
    fresh = 0
    for machine in machines(client):
        shown = _look(world, client, machine)
        seen |= {key.fingerprint for key in shown}
        pinned = tuple(HostKey.from_line(line) for line in world.keys().pinned(client.name, machine.hop))
        if is_known(pinned, shown) and not is_changed(pinned, shown):
            click.echo(f"{machine.title} shows the host key that is pinned already; nothing was changed.")
            continue
        chosen = _only(shown, wanted, machine) if wanted else shown
        _show(client, machine, pinned, chosen, replace=replace)
        if not yes and not wanted:
            click.confirm("Are these the keys of that machine?", abort=True)
        world.keys().pin(client.name, tuple(key.line for key in chosen), machine.hop)
        fresh += 1
    if strange := sorted(set(wanted) - seen):
        raise BorgpullError(f"{client.name} shows no host key of the fingerprint {', '.join(strange)}")
    return fresh


def _look(world: Surroundings, client: SshfsClient | AnyBorgClient, machine: Machine) -> tuple[HostKey, ...]:
    passed = machine.hop - 1 if machine.hop else len(client.jump)
    items = ask(world, client, SCAN, str(passed))
    return tuple(sorted((HostKey(kind=str(item["type"]), key=str(item["key"])) for item in items), key=preference))


def _show(
    client: MachineClient,
    machine: Machine,
    pinned: tuple[HostKey, ...],
    shown: tuple[HostKey, ...],
    *,
    replace: bool,
) -> None:
    """Show what would be pinned; raises BorgpullError where something else is pinned that should not be replaced."""
    if pinned and not replace:
        raise BorgpullError(
            f"{pins_text(machine, pinned, shown)}\nNothing of it was changed. If you know why the key changed (a new "
            f"installation, say): borgpull client trust {client.name} --replace"
        )
    click.echo(pins_text(machine, pinned, shown) if pinned else trust_text(machine, shown))


def _only(shown: tuple[HostKey, ...], wanted: Collection[str], machine: Machine) -> tuple[HostKey, ...]:
    chosen = tuple(key for key in shown if key.fingerprint in wanted)
    if not chosen:
        seen = ", ".join(f"{key.kind} {key.fingerprint}" for key in shown)
        raise BorgpullError(f"{machine.title} shows no host key of that fingerprint, but {seen}; nothing was changed")
    return chosen
