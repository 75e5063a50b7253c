"""What is to be done on a client, as text to paste; exactly what it says, and nothing that needs a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.cli.present_jump import jump_text
from appliance.cli.present_setup_borg import borg_text
from appliance.cli.present_setup_sshfs import sshfs_text
from appliance.config.model import MountClient, SshfsClient
from appliance.plan import places

if TYPE_CHECKING:
    from appliance.config.model import Client


def added_text(client: Client, public_key: str) -> str:
    """Say what was made for a new client, what to keep, and what to do on it."""
    return (
        f"Made clients.d/{client.name}.toml, and a key pair and a passphrase for {client.name}.\n"
        f"Keep a copy of {places.passphrase_file(client.name)} outside this machine: without it nobody can ever "
        f"restore.\n\n{setup_text(client, public_key)}"
    )


def setup_text(client: Client, public_key: str) -> str:
    """Say what to do on the client."""
    if isinstance(client, MountClient):
        return _mount(client)
    theirs = sshfs_text(client, public_key) if isinstance(client, SshfsClient) else borg_text(client, public_key)
    return "\n\n".join(text for text in (jump_text(client, public_key), theirs) if text)


def _mount(client: MountClient) -> str:
    what = f"the volume {client.volume}" if client.volume is not None else f"the folder {client.folder}"
    return (
        f"Nothing is to be set up for {client.name}: {what} of the Docker host is read directly.\n"
        f"Now try it: borgpull client probe {client.name}"
    )
