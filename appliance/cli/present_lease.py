"""The restore lease: how the operator lets the restore key in on a client for a while, and shuts it out again (S3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.cli.key_lines import COMMANDS, FORWARDING, NO_INTERNAL, key_line, key_options, where
from appliance.cli.present_reader import READER
from appliance.config.model import SshfsClient
from appliance.plan.places import restore_mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from appliance.config.model import AnyBorgClient

# The ways that write on a client, as `--way` names them.
WAYS = ("chroot", "numeric", "tar", "client")
SFTP_WAYS = WAYS[:2]
_WRITABLE_SFTP = 'restrict,command="internal-sftp"'
_NO_INTERNAL = NO_INTERNAL.replace(" -R", "")

# A lease of its own would let nothing in: such a user may write nowhere, not even in its own home.
_FOR_A_READER = f"""\
{READER} reads {{0}}, and may write nothing there, with no key. So:

  - onto this server: borgpull restore {{0}} latest PATH --way local
  - onto the machine: write user = "root" into clients.d/{{0}}.toml, then borgpull client setup {{0}} --restore says
    how to let the restore key in as root for a while. Afterwards close it and write user = "{READER}" again;
    until then no backup is made."""


def lease_options(client: SshfsClient | AnyBorgClient, way: str) -> str:
    """Return the least that sshd must let the restore key do; an empty way is the best one that the client has."""
    if way in SFTP_WAYS or (not way and isinstance(client, SshfsClient)):
        return _WRITABLE_SFTP
    if way == "tar":
        return COMMANDS
    return FORWARDING if isinstance(client, SshfsClient) else key_options(client)


def lease_line(client: SshfsClient | AnyBorgClient, public_key: str, way: str, until: datetime | None) -> str:
    """Return the line for authorized_keys alone. `until` is aware, in UTC: its Z needs OpenSSH 9.1."""
    end = f'expiry-time="{until:%Y%m%d%H%M}Z",' if until else ""
    return key_line(public_key, f"{end}{lease_options(client, way)}")


def lease_text(client: SshfsClient | AnyBorgClient, public_key: str, way: str, hours: int) -> str:
    """Say how to open the restore key on the client for so many hours, what it can do then, and how to close it."""
    if client.user == READER:
        return _FOR_A_READER.format(client.name)
    options = lease_options(client, way)
    there = where(client)
    return "\n".join(
        [
            f"Nothing here can write on {client.name} until you let its restore key in there, for a while.",
            "It is another key than the one that pulls.",
            "",
            f"1. {there} paste this. It lets the key in for {_hours(hours)}, counted by that machine's own clock:",
            "",
            *_opening(key_line(public_key, options), hours),
            "",
            *_power(client, options),
            "",
            f"2. Then, here: borgpull restore {client.name} latest --dry-run",
            "",
            "3. To close it before that, and to tidy up afterwards, paste this there:",
            "",
            f"  sed -i '/ {restore_mark(client.name)}$/d' ~/.ssh/authorized_keys",
            "",
            "Dropbear (many NAS and routers) knows no expiry-time and does not take a line that has one. There paste",
            "this instead of 1, and close it by hand as in 3: until then it stays open. For SFTP, sftp-server must be",
            "there (elsewhere it is /usr/libexec/sftp-server or /usr/lib/ssh/sftp-server).",
            "",
            f"  printf '%s\\n' '{key_line(public_key, _without_openssh(options))}' >> ~/.ssh/authorized_keys",
        ]
    )


def _opening(line: str, hours: int) -> Iterator[str]:
    yield "  mkdir -p -m 700 ~/.ssh"
    # sshd reads the time in the system's zone, whatever TZ the operator's shell has. Where neither form of `date` works
    # the end is empty, which sshd takes for a mistake: then the key is not let in.
    yield f"  s=$(($(date +%s) + {hours * 3600}))"
    yield "  end=$(unset TZ; date -d @$s +%Y%m%d%H%M 2>/dev/null || date -r $s +%Y%m%d%H%M)"
    yield f"  printf 'expiry-time=\"%s\",%s\\n' \"$end\" '{line}' >> ~/.ssh/authorized_keys"
    yield "  chmod 600 ~/.ssh/authorized_keys"


def _power(client: SshfsClient | AnyBorgClient, options: str) -> Iterator[str]:
    if options == _WRITABLE_SFTP:
        yield f"Until then it can read and write by SFTP whatever {client.user} can, and run nothing. Enough for"
        yield f"`--way chroot` and `--way numeric`; for tar: borgpull client setup {client.name} --restore --way tar"
    else:
        yield f"Until then it can run any command there as {client.user}, and read and write by SFTP."
    if client.user != "root":
        yield f"Only root can give files away: what {client.user} restores will belong to {client.user}; it says so."


def _without_openssh(options: str) -> str:
    return _NO_INTERNAL if options == _WRITABLE_SFTP else options


def _hours(hours: int) -> str:
    return "an hour" if hours == 1 else f"{hours} hours"
