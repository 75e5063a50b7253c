"""The line for a client's authorized_keys: what the pull key may do there, and nothing more."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, assert_never

from appliance.config.model import Listing, Reach, RemoteForwardClient, SocatClient, SshAgentClient, SshfsClient
from appliance.pull.listing.script import FORCED

if TYPE_CHECKING:
    from appliance.config.model import AnyBorgClient, MachineClient

READ_ONLY = 'restrict,command="internal-sftp -R"'
# Exactly our program, by its SHA-256, or SFTP for reading. By /bin/sh, since the login shell may be any.
_LISTING_COMMAND = f"exec /bin/sh -c '{FORCED}'"
LISTING = f'restrict,command="{_LISTING_COMMAND}"'
# Hooks are commands, and internal-sftp runs none; SFTP is then what sshd's `Subsystem` starts.
COMMANDS = "restrict"
# sshd wants this for sockets and ports alike. `permitlisten` narrows ports alone, and `permitlisten="none"` makes sshd
# refuse the key (tested with OpenSSH 10); a key that runs commands would gain nothing from being narrowed.
FORWARDING = "restrict,port-forwarding"
AGENT = "restrict,agent-forwarding"
# Dropbear knows no internal-sftp, and older ones no `restrict`.
_OF_OLD = "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,no-pty"
NO_INTERNAL = f'{_OF_OLD},command="/usr/lib/openssh/sftp-server -R"'
NO_INTERNAL_LISTING = f'{_OF_OLD},command="{_LISTING_COMMAND}"'


def key_line(public_key: str, options: str = READ_ONLY) -> str:
    """Return the line for authorized_keys: this key with these rights."""
    return f"{options} {public_key.strip()}"


def key_options(client: SshfsClient | AnyBorgClient) -> str:
    """Return the least that sshd must let the client's pull key do."""
    match client:
        case SshfsClient():
            if client.before or client.after:
                return COMMANDS
            return READ_ONLY if client.listing is Listing.NEVER else LISTING
        case SocatClient() | RemoteForwardClient():
            return FORWARDING
        case SshAgentClient():
            return AGENT
        case _:
            assert_never(client)


def what_it_can(options: str) -> str:
    """Say what a key with these rights can do on the client, as the end of "The key can"."""
    match options:
        case _ if options in (LISTING, NO_INTERNAL_LISTING):
            return "list files by the one program named in it, read them by SFTP and do nothing else"
        case _ if options in (READ_ONLY, NO_INTERNAL):
            return "read files by SFTP and do nothing else"
        case _:
            return "run commands"


def paste_lines(line: str) -> tuple[str, ...]:
    """Return the commands that put the line where sshd looks."""
    return (
        "  mkdir -p -m 700 ~/.ssh",
        f"  printf '%s\\n' {quote(line)} >> ~/.ssh/authorized_keys",
        "  chmod 600 ~/.ssh/authorized_keys",
    )


def where(client: MachineClient) -> str:
    """Say on which machine and as whom; the address of one that dials in is mostly its own localhost."""
    machine = client.name if client.reach is Reach.DIAL_IN else client.host
    return f"On {machine}, as {client.user},"
