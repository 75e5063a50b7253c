"""Where the machines of the lab reach the engine's host."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab


@pytest.fixture(scope="session")
def callback_host(lab: Lab) -> str:
    """Return the address of the engine's host on the lab's network."""
    return docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", lab.network).stdout.strip()


@pytest.fixture
def callback(callback_host: str) -> str:
    """Return an address with a port of the engine's host that nobody has."""
    with socket.socket() as asked:
        asked.bind(("0.0.0.0", 0))  # noqa: S104 - to learn what is free; nothing listens
        return f"{callback_host}:{asked.getsockname()[1]}"
