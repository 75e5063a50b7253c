"""The dialogue from its first question to the first backup; until the file is there, leaving it leaves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from appliance.cli.adding import ending, looking, machine
from appliance.cli.adding.asking import Draft, heading
from appliance.cli.adding.undo import or_nothing
from appliance.cli.client_files import free_file, put
from appliance.cli.credentials import made_public_key
from appliance.cli.surroundings import require_supervisor
from appliance.config.model import MountClient, Reach
from appliance.config.values import client_name
from appliance.config.write import Remarks, client_file

if TYPE_CHECKING:
    from appliance.cli.surroundings import Surroundings

_KINDS = ("machine", "folder", "volume")


def guide(world: Surroundings, name: str | None, given: dict[str, Any]) -> int:
    """Ask, look, propose, write, probe and back up; returns the exit code of what was tried last.

    Raises BorgpullError where it cannot begin, and Abort when the operator leaves it.
    """
    appliance = world.load()
    require_supervisor(world.journal(), world.clock.now())
    click.echo("Ctrl-C ends this at any time; until the client's file is written, nothing stays.")
    name = name or click.prompt("Name of the client, as it will stand in lists and paths", value_proc=client_name)
    file = free_file(world, appliance, name)
    with or_nothing(world, name):
        draft = Draft(world, name, given)
        remarks = _decided(draft)
        text = client_file(name, draft.values, draft.inherited, remarks)
        heading(5, f"The file clients.d/{name}.toml")
        click.echo(f"\n{text}")
        click.confirm("Write it?", default=True, abort=True)
        client = draft.client()
        made_public_key(world, client)
        put(file, text)
    return ending.end(world, client)


def _decided(draft: Draft) -> Remarks:
    """Fill the draft, and return what is worth to stand beside it in the file."""
    heading(1, "Where it is")
    if _is_on_this_host(draft):
        return Remarks()
    machine.where(draft)
    client = draft.client()
    assert not isinstance(client, MountClient)  # noqa: S101 - the way to it was asked for
    if client.reach is Reach.DIAL_IN:
        click.echo(f"It can be looked at when its tunnel is up, after all this: borgpull client look {draft.name}")
        return Remarks()
    public_key = made_public_key(draft.world, client)
    heading(2, "Its host key")
    machine.pin_host_keys(draft.world, client, public_key)
    heading(3, "What it offers")
    offer = machine.let_in(draft.world, client, public_key)
    heading(4, "How, and what")
    return looking.decide(draft, client, offer)


def _is_on_this_host(draft: Draft) -> bool:
    """Ask for a folder or a volume of the Docker host, where it is one of these."""
    kind = next((one for one in ("folder", "volume") if one in draft.values), "")
    method = draft.values.get("method", "" if "host" not in draft.values else "sshfs")
    if not kind and method in ("", "mount"):
        choice = click.Choice(_KINDS[1:] if method else _KINDS)
        question = "A machine over ssh, or a folder or Docker volume of this host?"
        kind = click.prompt(question, type=choice, default=choice.choices[0])
    if kind not in ("folder", "volume"):
        return False
    draft.values["method"] = "mount"
    draft.ask(kind, "Path on the Docker host" if kind == "folder" else "Name of the volume")
    if "marker" not in draft.values:
        marker = click.prompt(
            "A file in it that is there only while the share is mounted, such as /.mounted (empty: none)",
            default="",
            show_default=False,
        )
        if marker:
            draft.values["marker"] = marker
    assert isinstance(draft.client(), MountClient)  # noqa: S101 - its method was just given
    return True
