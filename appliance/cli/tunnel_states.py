"""What the supervisor knows of the tunnels of clients that dial in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.ports import Facts


def tunnel_states(facts: Facts) -> Mapping[str, str]:
    """Return "up" or "down" for each client that dials in, as of the supervisor's last look."""
    found: dict[str, str] = json.loads(facts.fact("tunnels") or "{}")
    return found
