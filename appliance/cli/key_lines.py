"""The line for a client's authorized_keys: what the pull key may do there, and nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from appliance.config.model import Reach, RemoteForwardClient, SocatClient, SshAgentClient, SshfsClient

if TYPE_CHECKING:
    from appliance.config.model import AnyBorgClient, MachineClient

READ_ONLY = 'restrict,command="internal-sftp -R"'
# Hooks are commands, and internal-sftp runs none; SFTP is then what sshd's `Subsystem` starts.
COMMANDS = "restrict"
# sshd wants this for sockets and ports alike. `permitlisten` narrows ports alone, and `permitlisten="none"` makes sshd
# refuse the key (tested with OpenSSH 10); a key that runs commands would gain nothing from being narrowed.
FORWARDING = "restrict,port-forwarding"
AGENT = "restrict,agent-forwarding"
# Dropbear knows no internal-sftp, and older ones no `restrict`.
NO_INTERNAL = (
    'no-port-forwarding,no-agent-forwarding,no-X11-forwarding,no-pty,command="/usr/lib/openssh/sftp-server -R"'
)


def key_line(public_key: str, options: str = READ_ONLY) -> str:
    """Return the line for authorized_keys: this key with these rights."""
    return f"{options} {public_key.strip()}"


def key_options(client: SshfsClient | AnyBorgClient) -> str:
    """Return the least that sshd must let the client's pull key do."""
    match client:
        case SshfsClient():
            return COMMANDS if client.before or client.after else READ_ONLY
        case SocatClient() | RemoteForwardClient():
            return FORWARDING
        case SshAgentClient():
            return AGENT
        case _:
            assert_never(client)


def paste_lines(line: str) -> tuple[str, ...]:
    """Return the commands that put the line where sshd looks."""
    return (
        "  mkdir -p -m 700 ~/.ssh",
        f"  printf '%s\\n' '{line}' >> ~/.ssh/authorized_keys",
        "  chmod 600 ~/.ssh/authorized_keys",
    )


def where(client: MachineClient) -> str:
    """Say on which machine and as whom; the address of one that dials in is mostly its own localhost."""
    machine = client.name if client.reach is Reach.DIAL_IN else client.host
    return f"On {machine}, as {client.user},"
