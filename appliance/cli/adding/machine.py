"""The dialogue about a machine: where it is, its host key, its key, and the look at what it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.cli.adding.asking import Draft, pause, say_problems, until_it_works
from appliance.cli.client_look import seen
from appliance.cli.client_trust import pin
from appliance.cli.key_lines import LISTING, NO_INTERNAL, READ_ONLY, key_line, key_options, paste_lines, what_it_can
from appliance.cli.key_lines import where as on_whom
from appliance.cli.present_jump import jump_text
from appliance.cli.present_offer import offer_text
from appliance.cli.present_reader import CAPABILITY, READER, SUDO, reader_text
from appliance.config.model import MachineClient, Reach, SshfsClient
from appliance.errors import ConfigError

if TYPE_CHECKING:
    from appliance.cli.surroundings import Surroundings
    from appliance.config.model import AnyBorgClient
    from appliance.plan.offer import Offer

_WHO = f"""
As whom? {READER} is a user that can read everything there and do nothing else; the commands that make it come next.
Other answers: root, where a NAS knows nobody else, or a user whose rights are enough."""

_OTHER_LINE = """
The key is let in, and no SFTP comes of it: dropbear, on a NAS or a router, has no internal-sftp. Put this line in
authorized_keys, in place of the other one. sftp-server must be there, often as a package openssh-sftp-server
(elsewhere it is /usr/libexec/sftp-server or /usr/lib/ssh/sftp-server):

  {}"""

# The line of the listing looks for sftp-server itself, so where no SFTP comes of it another line for it is no help.
_OTHER_LINES = """
The key is let in, and no SFTP comes of it: its line needs a login shell and the program sftp-server, often a package
openssh-sftp-server. Where sshd is OpenSSH, this line in place of the other one needs neither:

  {}

Dropbear, on a NAS or a router, has no SFTP of its own: sftp-server must be there. Where it is in another folder than
usual, this line in place of the other one names it (write its path):

  {}

With either the files are listed by SFTP: without hard links, ctime, extended attributes and ACLs."""


def where(draft: Draft) -> None:
    """Ask where the machine is, how it is reached, and as whom."""
    draft.ask("host", "Host name or address")
    if "reach" not in draft.values and "jump" not in draft.values:
        _reach(draft)
    if draft.values.get("reach") == Reach.JUMP:
        draft.ask("jump", "Through which machines (user@host, the first one first)", read=str.split)
    _port_and_user(draft)


def _reach(draft: Draft) -> None:
    ways = click.Choice([str(one) for one in Reach])
    while True:
        reach = click.prompt("How this server gets there", type=ways, default=str(Reach.DIRECT))
        try:
            if reach == Reach.DIAL_IN:
                draft.client(reach=reach)
        except ConfigError as error:
            say_problems(error)
            continue
        if reach != Reach.DIRECT or "reach" in draft.inherited:
            draft.values["reach"] = reach
        return


def _port_and_user(draft: Draft) -> None:
    client = draft.client()
    assert isinstance(client, MachineClient)  # noqa: S101 - its host was asked for
    if "port" not in draft.values:
        draft.ask("port", "Port of its sshd", str(client.port), read=lambda text: int(text) if text.isdigit() else text)
    if draft.values["port"] == client.port:
        # As it would be without saying so.
        del draft.values["port"]
    if "user" not in draft.values:
        click.echo(_WHO)
    draft.ask("user", "User", client.user if "user" in draft.inherited else READER)


def pin_host_keys(world: Surroundings, client: SshfsClient | AnyBorgClient, public_key: str) -> None:
    """Show the host keys and pin them after a yes; behind other machines their key lines come first."""
    if client.jump:
        click.echo(jump_text(client, public_key))
        pause("Enter when that is done")
    # Pins of a client of that name that is gone are shown beside the new ones; the yes is about these.
    until_it_works(lambda: pin(world, client, replace=True))


def let_in(world: Surroundings, client: SshfsClient | AnyBorgClient, public_key: str) -> Offer:
    """Say what to paste, wait for it, and look; again and again until the machine lets the key in."""
    way = CAPABILITY
    while True:
        is_reader = client.user == READER
        click.echo(
            reader_text(client.host, client.user, public_key, way) if is_reader else _line_text(client, public_key)
        )
        recipe = "; sudo shows the recipe by sudo instead" if is_reader and way != SUDO else ""
        if pause(f"Enter when that is done{recipe}") == SUDO and is_reader:
            way = SUDO
            continue
        offer = _looked(world, client, public_key)
        if not is_reader or offer.reads_all is not False:
            return offer
        click.echo(f"\n{READER} is let in, but cannot read the files of root: the recipe did not come to its end.")
        typed = pause(f"Enter shows it again; sudo the one by sudo; on goes on with what {READER} may read")
        if typed == "on":
            return offer
        way = SUDO if typed == SUDO else way


def _looked(world: Surroundings, client: SshfsClient | AnyBorgClient, public_key: str) -> Offer:
    """Look, and where the key is let in and comes to nothing offer the lines for what that machine may lack."""
    while True:
        offer = until_it_works(lambda: seen(world, client))
        click.echo(f"\n{offer_text(client.name, client.user, offer)}")
        if offer.has_sftp or offer.commands:
            return offer
        click.echo(_other_line(client, public_key))
        if pause("Enter when that is done; on goes on without SFTP") == "on":
            return offer


def _line_text(client: SshfsClient | AnyBorgClient, public_key: str) -> str:
    # Borg on the client needs another line; whether it is wanted is asked when there is something to choose from.
    options = key_options(client) if isinstance(client, SshfsClient) else READ_ONLY
    lines = "\n".join(paste_lines(key_line(public_key, options)))
    return f"{on_whom(client)} paste this. The key can {what_it_can(options)}:\n\n{lines}"


def _other_line(client: SshfsClient | AnyBorgClient, public_key: str) -> str:
    for_dropbear = key_line(public_key, NO_INTERNAL)
    if isinstance(client, SshfsClient) and key_options(client) == LISTING:
        return _OTHER_LINES.format(key_line(public_key, READ_ONLY), for_dropbear)
    return _OTHER_LINE.format(for_dropbear)
