"""The methods with Borg on the client against a push by hand, over a network that can be made slow."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from bench.appliance import Borgpull
from bench.by_hand import Push
from tests.e2e.harness.engine import docker
from tests.e2e.harness.proxy import ProxyMachine

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

# In milliseconds.
ROUND_TRIPS = (0, 20)
_GATEWAY = "{{(index .IPAM.Config 0).Gateway}}"


class Network:
    """A proxy before everything that is called: every connection goes through one of them, whatever the round trip."""

    def __init__(self, machine: Machine, server: Machine) -> None:
        """Stand before both sshd, and before the Docker host, where a client calls back (method ssh-agent)."""
        host = docker("network", "inspect", "--format", _GATEWAY, machine.lab.network).stdout.strip()
        port = _free_port()
        back = ProxyMachine(machine, leads_to=f"{host}:{port}")
        self.to_client, self.to_server = ProxyMachine(machine), ProxyMachine(server)
        self.callback = f"{back.host}:{port}"
        self._proxies = (self.to_client, self.to_server, back)

    def set_round_trip(self, milliseconds: float) -> None:
        """Hold back everything by half of it each way."""
        for proxy in self._proxies:
            proxy.tell("delay", milliseconds / 1000 / 2)


def ways(
    network: Network, appliance: ApplianceUnderTest, machine: Machine, server: Machine
) -> tuple[Push, tuple[Borgpull, ...]]:
    """Return the push, and the appliance by each method; each has its clients' names to itself."""
    options = {
        "socat": ("--method", "socat"),
        "ssh-agent": ("--method", "ssh-agent", "--callback", network.callback),
        "remote-forward": ("--method", "remote-forward"),
    }
    push = Push(machine, server, host=network.to_server.host)
    ours = (
        Borgpull(appliance, machine, *words, name=method, host=network.to_client.host)
        for method, words in options.items()
    )
    return push, tuple(ours)


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("0.0.0.0", 0))  # noqa: S104 - to learn what is free; nothing listens
        port: int = asked.getsockname()[1]
        return port
