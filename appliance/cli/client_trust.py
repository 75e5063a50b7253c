"""`borgpull client trust`: look at a machine's host keys once, with the operator's eyes, and pin them."""

from __future__ import annotations

import click

from appliance.cli.host_keys import HostKey, is_changed, is_known, pins_text, preference, trust_text
from appliance.cli.question import ask
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.config.model import MachineClient
from appliance.errors import BorgpullError


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Pin without asking: you have compared, or it is a test machine.")
@click.option("--replace", is_flag=True, help="Pin other keys than those that are pinned.")
@click.option("--fingerprint", metavar="SHA256:…", help="Pin only the key of this fingerprint, without asking.")
@in_surroundings
def trust(world: Surroundings, name: str, *, yes: bool, replace: bool, fingerprint: str | None) -> None:
    """Show the host keys of a machine, and pin them.

    Asks before it pins. Later runs accept no other key.

    Example: borgpull client trust web1
    """
    client = known_client(world.load(), name)
    if not isinstance(client, MachineClient):
        raise click.UsageError(f"{name} is read by method {client.method}; it has no host key to trust.")
    keys = world.keys()
    pinned = tuple(HostKey.from_line(line) for line in keys.pinned(name))
    items = ask(world, client, "scan")
    shown = tuple(sorted((HostKey(kind=str(item["type"]), key=str(item["key"])) for item in items), key=preference))
    if fingerprint is not None:
        shown = _only(shown, fingerprint, name)
    if is_known(pinned, shown) and not is_changed(pinned, shown):
        click.echo(f"{name} shows the host key that is pinned already; nothing was changed.")
        return
    if pinned and not replace:
        raise BorgpullError(
            f"{pins_text(client, pinned, shown)}\nNothing was changed. If you know why the key changed (a new "
            f"installation, say): borgpull client trust {name} --replace"
        )
    click.echo(pins_text(client, pinned, shown) if pinned else trust_text(client, shown))
    if not yes and fingerprint is None:
        click.confirm("Are these the keys of that machine?", abort=True)
    keys.pin(name, tuple(key.line for key in shown))
    click.echo(f"Pinned. Next: borgpull client probe {name}")


def _only(shown: tuple[HostKey, ...], fingerprint: str, name: str) -> tuple[HostKey, ...]:
    chosen = tuple(key for key in shown if key.fingerprint == fingerprint.strip())
    if not chosen:
        seen = ", ".join(f"{key.kind} {key.fingerprint}" for key in shown)
        raise BorgpullError(f"{name} shows no host key of that fingerprint, but {seen}; nothing was changed")
    return chosen
