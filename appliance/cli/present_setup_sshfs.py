"""What is to be done on a client of method sshfs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.cli.key_lines import (
    NO_INTERNAL,
    NO_INTERNAL_LISTING,
    READ_ONLY,
    key_line,
    key_options,
    paste_lines,
    what_it_can,
    where,
)
from appliance.config.model import Listing

if TYPE_CHECKING:
    from appliance.config.model import SshfsClient

_ROOT = (
    "sshd must let root in by key: `PermitRootLogin prohibit-password`, which is the default of OpenSSH.",
    "A user that reads everything and is not root will do as well: borgpull client setup {name} --reader capability",
    'prints the script that makes it; then write user = "borgpull-reader" in the configuration.',
)
_ROOT_HOOKS = ("sshd must let root in by key: `PermitRootLogin prohibit-password`, which is the default of OpenSSH.",)
_NOT_ROOT = (
    "This user reads only what its permissions allow; the rest becomes warnings. A recipe that lets it read everything",
    "without being root, by one capability or one rule of sudo: borgpull client setup {name} --reader capability",
)
_NOT_ROOT_HOOKS = ("This user reads only what its permissions allow; the rest becomes warnings.",)


def sshfs_text(client: SshfsClient, public_key: str) -> str:
    """Say what to do on the client."""
    return "\n".join(
        [
            *(_with_hooks(client, public_key) if client.before or client.after else _read_only(client, public_key)),
            "",
            f"Then, here: borgpull client trust {client.name} && borgpull client probe {client.name}",
        ]
    )


def _with_hooks(client: SshfsClient, public_key: str) -> list[str]:
    return [
        f"{where(client)} paste this. Because this client has hooks, the key can run any command as {client.user};",
        "without before and after in its configuration it could be one that reads by SFTP and does nothing else:",
        "",
        *paste_lines(key_line(public_key, key_options(client))),
        "",
        *(_ROOT_HOOKS if client.user == "root" else _NOT_ROOT_HOOKS),
    ]


def _read_only(client: SshfsClient, public_key: str) -> list[str]:
    lists = client.listing is not Listing.NEVER
    options = key_options(client)
    return [
        f"{where(client)} paste this. The key can {what_it_can(options)}:",
        "",
        *paste_lines(key_line(public_key, options)),
        "",
        *(line.replace("{name}", client.name) for line in (_ROOT if client.user == "root" else _NOT_ROOT)),
        "",
        *(_without_listing(client, public_key) if lists else ()),
        "A NAS or router with dropbear, or without internal-sftp? Use this line instead; sftp-server must be there",
        "(elsewhere it is /usr/libexec/sftp-server or /usr/lib/ssh/sftp-server):",
        "",
        f"  {key_line(public_key, NO_INTERNAL_LISTING if lists else NO_INTERNAL)}",
        "",
        "Rather in sshd_config than in the key's line? Then the plain key, and this at the end of sshd_config:",
        "",
        f"  Match User {client.user}",
        "      ForceCommand internal-sftp -R",
        "      DisableForwarding yes",
        "      PermitTTY no",
    ]


def _without_listing(client: SshfsClient, public_key: str) -> tuple[str, ...]:
    """Say how to do without any program, and what that costs."""
    if client.listing is Listing.REQUIRE:
        return ()
    return (
        "No program at all, no sftp-server there, or a user without a shell? Then this line; hard links, ctime,",
        "extended attributes and ACLs are not seen so, and finding out what has changed takes longer:",
        "",
        f"  {key_line(public_key, READ_ONLY)}",
        "",
    )
