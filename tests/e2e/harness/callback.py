"""Where machines of a network reach a port of the engine's host, as a client does that calls back."""

from __future__ import annotations

import socket

from tests.e2e.harness.engine import docker


def free_address(network: str) -> str:
    """Return an address of the engine's host on that network, with a port that nobody has."""
    host = docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", network).stdout.strip()
    with socket.socket() as asked:
        asked.bind(("0.0.0.0", 0))  # noqa: S104 - to learn what is free; nothing listens
        return f"{host}:{asked.getsockname()[1]}"
