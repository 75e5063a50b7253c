"""What is to be done on a client, as text to paste; exactly what it says, and nothing that needs a guess."""

from __future__ import annotations

from appliance.config.model import (
    AnyBorgClient,
    Client,
    MountClient,
    RemoteForwardClient,
    SocatClient,
    SshAgentClient,
    SshfsClient,
)
from appliance.plan import places

READ_ONLY = 'restrict,command="internal-sftp -R"'
# Dropbear knows no internal-sftp, and older ones no `restrict`.
_NO_INTERNAL = (
    'no-port-forwarding,no-agent-forwarding,no-X11-forwarding,no-pty,command="/usr/lib/openssh/sftp-server -R"'
)


def key_line(public_key: str, options: str = READ_ONLY) -> str:
    """Return the line for authorized_keys: this key may read by SFTP and do nothing else."""
    return f"{options} {public_key.strip()}"


def added_text(client: Client, public_key: str) -> str:
    """Say what was made for a new client, what to keep, and what to do on it."""
    return (
        f"Made clients.d/{client.name}.toml, and a key pair and a passphrase for {client.name}.\n"
        f"Keep a copy of {places.passphrase_file(client.name)} outside this machine: without it nobody can ever "
        f"restore.\n\n{setup_text(client, public_key)}"
    )


def setup_text(client: Client, public_key: str) -> str:
    """Say what to do on the client."""
    match client:
        case SshfsClient() | SocatClient() | SshAgentClient() | RemoteForwardClient():
            return _sshfs(client, public_key)
        case MountClient():
            return _mount(client)


def _mount(client: MountClient) -> str:
    what = f"the volume {client.volume}" if client.volume is not None else f"the folder {client.folder}"
    return (
        f"Nothing is to be set up for {client.name}: {what} of the Docker host is read directly.\n"
        f"Now try it: borgpull client probe {client.name}"
    )


def _sshfs(client: SshfsClient | AnyBorgClient, public_key: str) -> str:
    parts = [
        f"On {client.host}, as {client.user}, paste this. The key can read files by SFTP and do nothing else:",
        "",
        "  mkdir -p -m 700 ~/.ssh",
        f"  printf '%s\\n' '{key_line(public_key)}' >> ~/.ssh/authorized_keys",
        "  chmod 600 ~/.ssh/authorized_keys",
        "",
        *(line.replace("{user}", client.user) for line in (_ROOT if client.user == "root" else _NOT_ROOT)),
        "",
        "A NAS or router with dropbear, or without internal-sftp? Use this line instead; sftp-server must be there",
        "(elsewhere it is /usr/libexec/sftp-server or /usr/lib/ssh/sftp-server):",
        "",
        f"  {key_line(public_key, _NO_INTERNAL)}",
        "",
        "Rather in sshd_config than in the key's line? Then the plain key, and this at the end of sshd_config:",
        "",
        f"  Match User {client.user}",
        "      ForceCommand internal-sftp -R",
        "      DisableForwarding yes",
        "      PermitTTY no",
        "",
        f"Then, here: borgpull client trust {client.name} && borgpull client probe {client.name}",
    ]
    return "\n".join(parts)


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
