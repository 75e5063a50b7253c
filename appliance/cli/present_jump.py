"""What is to be done on the machines on the way to a client: a line for each one's authorized_keys."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from appliance.config.logins import Endpoint

if TYPE_CHECKING:
    from appliance.config.model import MachineClient

# Who holds the key gets from there to the next machine's sshd, and to nothing else: `restrict` alone would let commands
# run. `false` is found by every login shell.
_OPTIONS = 'restrict,command="false",port-forwarding,permitopen="{}"'


def jump_lines(client: MachineClient, public_key: str) -> tuple[str, ...]:
    """Return the line for authorized_keys of each hop, the first one's first; none where the way is straight."""
    following = [*(Endpoint(hop.host, hop.port) for hop in client.jump), Endpoint(client.host, client.port)][1:]
    # Lower case, as ssh asks for it; sshd compares letter by letter.
    return tuple(f"{_OPTIONS.format(str(place).lower())} {public_key.strip()}" for place in following)


def jump_text(client: MachineClient, public_key: str) -> str:
    """Say what to do on each hop; nothing where there is none."""
    if not client.jump:
        return ""
    places = [*(hop.host for hop in client.jump), client.name]
    parts = [
        f"The way to {client.name} leads through {_count(len(client.jump))}.",
        "There the key opens the way to the next machine, and can do nothing else.",
        "Best is an account of its own there, which has no password and on which nothing depends.",
    ]
    lines = jump_lines(client, public_key)
    for hop, line, (_, following) in zip(client.jump, lines, pairwise(places), strict=True):
        parts += [
            "",
            f"On {hop.host}, as {hop.user} (from there to {following}):",
            "",
            "  mkdir -p -m 700 ~/.ssh",
            f"  printf '%s\\n' '{line}' >> ~/.ssh/authorized_keys",
            "  chmod 600 ~/.ssh/authorized_keys",
        ]
    return "\n".join(parts)


def _count(number: int) -> str:
    return "one machine" if number == 1 else f"{number} machines"
