"""What the supervisor knows of the tunnels of clients that dial in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from appliance.plan.tunnels import dials_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.cli.surroundings import Surroundings
    from appliance.config.model import Client
    from appliance.ports import Facts


def tunnel_states(facts: Facts) -> Mapping[str, str]:
    """Return "up" or "down" for each client that dials in, as of the supervisor's last look."""
    found: dict[str, str] = json.loads(facts.fact("tunnels") or "{}")
    return found


def tunnel_port(world: Surroundings, client: Client) -> int | None:
    """Return the gateway's port of a client that dials in; None where there is none."""
    tunnel = world.tunnels().tunnel(client.name) if dials_in(client) else None
    return tunnel.port if tunnel else None
