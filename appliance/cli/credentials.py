"""Make a client's key pair and passphrase, unless that would hide that the passphrase was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.config.model import MachineClient, SshAgentClient
from appliance.errors import StateError
from appliance.plan import places

if TYPE_CHECKING:
    from appliance.cli.surroundings import Surroundings
    from appliance.config.model import Client


def made_public_key(world: Surroundings, client: Client) -> str:
    """Make what is not there yet and return the public key's line; raises StateError when a passphrase was lost."""
    name = client.name
    ground = world.volumes().survey(name)
    if ground.has_repository and not ground.has_passphrase:
        # A new one would open nothing, and look as if all were well.
        raise StateError(
            f"{name} has a repository, and its passphrase is gone: bring {places.passphrase_file(name)} back from your "
            "copy. Nothing was changed"
        )
    world.keys().create(name)
    if isinstance(client, SshAgentClient) and client.dedicated_key:
        world.keys().create_agent_key(name)
    if isinstance(client, MachineClient):
        world.keys().create_restore_key(name)
    return world.keys().public_key(name)
