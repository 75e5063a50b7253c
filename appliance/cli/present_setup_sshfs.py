"""What is to be done on a client of method sshfs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.cli.key_lines import NO_INTERNAL, key_line, key_options, paste_lines, where

if TYPE_CHECKING:
    from appliance.config.model import SshfsClient

_ROOT = ("sshd must let root in by key: `PermitRootLogin prohibit-password`, which is the default of OpenSSH.",)
_NOT_ROOT = (
    "This user reads only what its permissions allow; the rest becomes warnings. To read everything without being",
    "root, give a copy of sftp-server the right to read, once, as root on the client:",
    "",
    "  install -m 755 /usr/lib/openssh/sftp-server /usr/local/lib/sftp-server-reader",
    "  setcap cap_dac_read_search+ep /usr/local/lib/sftp-server-reader",
    "",
    'and write command="/usr/local/lib/sftp-server-reader -R" in the key\'s line. Or allow it by sudo, with',
    'command="sudo -n /usr/lib/openssh/sftp-server -R" in the key\'s line and this in /etc/sudoers.d/borgpull:',
    "",
    "  {user} ALL=(root) NOPASSWD: /usr/lib/openssh/sftp-server -R",
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
        *(_ROOT if client.user == "root" else _NOT_ROOT_HOOKS),
    ]


def _read_only(client: SshfsClient, public_key: str) -> list[str]:
    return [
        f"{where(client)} paste this. The key can read files by SFTP and do nothing else:",
        "",
        *paste_lines(key_line(public_key)),
        "",
        *(line.replace("{user}", client.user) for line in (_ROOT if client.user == "root" else _NOT_ROOT)),
        "",
        "A NAS or router with dropbear, or without internal-sftp? Use this line instead; sftp-server must be there",
        "(elsewhere it is /usr/libexec/sftp-server or /usr/lib/ssh/sftp-server):",
        "",
        f"  {key_line(public_key, NO_INTERNAL)}",
        "",
        "Rather in sshd_config than in the key's line? Then the plain key, and this at the end of sshd_config:",
        "",
        f"  Match User {client.user}",
        "      ForceCommand internal-sftp -R",
        "      DisableForwarding yes",
        "      PermitTTY no",
    ]
