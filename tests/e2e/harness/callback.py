"""Where machines of a network reach a port of the engine's host, as a client does that calls back."""

from __future__ import annotations

from tests.e2e.harness.engine import docker
from tests.e2e.harness.ports import free_port


def free_address(network: str) -> str:
    """Return an address of the engine's host on that network, with a port that nobody has."""
    host = docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", network).stdout.strip()
    return f"{host}:{free_port()}"
