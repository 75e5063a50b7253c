"""Give a client that dials in its way through the gateway: a port, the gateway's host key, the tunnel's own key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from appliance.cli.host_keys import HostKey
from appliance.cli.present_tunnel import WayIn
from appliance.config.logins import Endpoint
from appliance.config.model import MachineClient, Reach
from appliance.plan.tunnels import dials_in

if TYPE_CHECKING:
    from appliance.cli.surroundings import Surroundings
    from appliance.config.model import Client


def way_in(world: Surroundings, client: Client, tunnel_key: str = "") -> WayIn | None:
    """Return the way, its port allocated if it was not yet; None for a client that does not dial in.

    Raises UsageError for a key that is none, or for a client that needs none.
    """
    gateway = world.load().settings.gateway
    if not isinstance(client, MachineClient) or client.reach is not Reach.DIAL_IN or gateway is None:
        if tunnel_key:
            raise click.UsageError(f'{client.name} does not dial in; only reach = "dial-in" has a tunnel.')
        return None
    tunnels = world.tunnels()
    try:
        tunnel = tunnels.register(client.name, tunnel_key)
    except ValueError as error:
        raise click.UsageError(f"--tunnel-key {error}.") from error
    return WayIn(
        client=client.name,
        sshd=Endpoint(client.host, client.port),
        gateway=gateway,
        port=tunnel.port,
        host_key=tunnels.host_key(),
        fingerprint=HostKey.from_line(tunnel.key).fingerprint if tunnel.key else "",
    )


def tunnel_port(world: Surroundings, client: Client) -> int | None:
    """Return the gateway's port of a client that dials in; None where there is none."""
    tunnel = world.tunnels().tunnel(client.name) if dials_in(client) else None
    return tunnel.port if tunnel else None
