"""`borgpull notify`: try the channels, and send the report now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.cli.readable import count, safe, say_json
from appliance.cli.surroundings import Surroundings, in_surroundings, known_client
from appliance.errors import ExitCode, NotFoundError
from appliance.plan import messages, weekly
from appliance.plan.channels import channels, ping

if TYPE_CHECKING:
    from appliance.config.model import Appliance
    from appliance.plan.channels import Channel


@click.group()
def notify() -> None:
    """Try the ways by which you are told when something is wrong."""


@notify.command(name="test")
@click.argument("name", required=False)
@click.option("--json", "for_programs", is_flag=True, help="Print a JSON list, one object a channel.")
@in_surroundings
def try_all(world: Surroundings, name: str | None, *, for_programs: bool) -> None:
    """Send a test message through every channel, and say for each whether it was delivered.

    Without NAME the channels of the appliance, with it those of that client. Exit code 3 if one was not.

    Example: borgpull notify test web1
    """
    appliance = world.load()
    client = known_client(appliance, name).name if name else ""
    found = []
    for channel in _channels(appliance, client):
        kind, trouble = world.post().deliver(channel, messages.test(appliance, client, channel.name))
        found.append({"channel": channel.name, "kind": kind, "delivered": not trouble, "trouble": trouble})
    if for_programs:
        say_json(found)
    else:
        for one in found:
            said = f"not delivered: {safe(str(one['trouble']))}" if one["trouble"] else "delivered"
            click.echo(f"{one['channel']}: {said}")
    if any(one["trouble"] for one in found):
        click.get_current_context().exit(ExitCode.FAILED)


@notify.command()
@in_surroundings
def report(world: Surroundings) -> None:
    """Send the weekly report now, to `notify` of [appliance]; the supervisor carries it.

    Example: borgpull notify report
    """
    appliance, store = world.load(), world.journal()
    title, body = weekly.report(appliance, store.last_runs(), store.alarms(), world.clock.now())
    notices = messages.report(appliance, title, body)
    if not notices:
        raise NotFoundError("there is no channel to send it to; set `notify` under [appliance]")
    store.settle((), notices)
    click.echo(f"on its way to {count(len(notices), 'channel')}; `borgpull status` says so if it cannot be delivered")


def _channels(appliance: Appliance, client: str) -> tuple[Channel, ...]:
    check = ping(appliance, client) if client else None
    found = (*channels(appliance, client), *([check] if check else ()))
    if not found:
        where = f"of {client} or under [appliance]" if client else "under [appliance]"
        raise NotFoundError(f'there is no channel to try; set notify = ["ntfys://ntfy.sh/my-topic"] {where}')
    return found
