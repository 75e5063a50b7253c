"""What is to be done on a client on which Borg itself runs: Borg, the key, sshd, and what to know before."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from appliance.cli.key_lines import key_line, key_options, paste_lines, where
from appliance.config.model import RemoteForwardClient, SocatClient, SshAgentClient
from appliance.plan.trust import trust_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.config.model import AnyBorgClient

_BORG = (
    "  Debian, Ubuntu      apt install borgbackup",
    "  Fedora              dnf install borgbackup",
    "  Alma, Rocky, RHEL   dnf install epel-release && dnf install borgbackup",
    "  openSUSE            zypper install borgbackup",
    "  Alpine              apk add borgbackup",
    "  Arch                pacman -S borg",
    "  macOS               brew install borgbackup",
    "  elsewhere           one file for /usr/local/bin: https://github.com/borgbackup/borg/releases, series 1.4",
)
_ROOT = "sshd must let root in by key: `PermitRootLogin prohibit-password`, which is the default of OpenSSH."
_NOT_ROOT = (
    "This user reads only what its permissions allow; the rest becomes warnings. To read everything, pull as root, or",
    'use method = "sshfs", which can read all without being root.',
)
_LOOK = "  sshd -T | grep -i -E 'disableforwarding|allow(tcp|streamlocal|agent)forwarding'"


def borg_text(client: AnyBorgClient, public_key: str) -> str:
    """Say what to do on the client."""
    parts = [
        f"1. On the client, once, as root: Borg 1.2 or 1.4 (not 2){_tools(client)}:",
        "",
        *_BORG,
        "",
        f"2. {where(client)} paste this. The key can run any command as {client.user}{_and_open(client)}:",
        "",
        *paste_lines(key_line(public_key, key_options(client))),
        "",
        *((_ROOT,) if client.user == "root" else _NOT_ROOT),
        "",
        *_sshd(client),
        "",
        *_way_back(client),
        "Know what this method means:",
        "",
        *_meaning(client),
        "",
        f"Then, here: borgpull client trust {client.name} && borgpull client probe {client.name}",
    ]
    return "\n".join(parts)


def _tools(client: AnyBorgClient) -> str:
    match client:
        case SocatClient():
            return ", and socat (nc with -U and -N, python3 or perl will do as well)"
        case SshAgentClient() | RemoteForwardClient():
            return ", and the ssh client of OpenSSH"
        case _:
            assert_never(client)


def _and_open(client: AnyBorgClient) -> str:
    match client:
        case SocatClient():
            return ", and open\nsockets there that lead here"
        case SshAgentClient():
            return ", and\nlend an agent of ours"
        case RemoteForwardClient():
            return ", and open\nports there that lead here"
        case _:
            assert_never(client)


def _sshd(client: AnyBorgClient) -> tuple[str, ...]:
    match client:
        case SocatClient():
            keys = ("AllowStreamLocalForwarding yes",)
            other = 'Dropbear cannot forward sockets; method = "remote-forward" works there.'
        case SshAgentClient():
            keys = ("AllowAgentForwarding yes",)
            other = "Without it: method socat or remote-forward."
        case RemoteForwardClient():
            keys = ("AllowTcpForwarding yes",)
            other = "Alpine and some NAS turn it off as they come. `remote` is enough instead of `yes`."
        case _:
            assert_never(client)
    return (
        "3. Its sshd must allow it, which is the default of OpenSSH; in /etc/ssh/sshd_config or a file below",
        "/etc/ssh/sshd_config.d, and without `DisableForwarding yes`:",
        "",
        *(f"  {key}" for key in keys),
        "",
        f"{other} What is in force says, as root:",
        "",
        _LOOK,
    )


def _way_back(client: AnyBorgClient) -> tuple[str, ...]:
    if not isinstance(client, SshAgentClient):
        return ()
    return (
        f"4. The client must reach {client.callback}: a port of this Docker host that is open only while a run lasts.",
        "Let it through where a firewall stands in between. Without it runs fail with reason callback.",
        "",
    )


def _meaning(client: AnyBorgClient) -> Iterator[str]:
    trust = trust_of(client)
    yield f"  - the client can delete its archives: {trust.deletion}"
    yield f"  - this server can {trust.power}"
    for note in trust.notes:
        yield f"  - {note}"
