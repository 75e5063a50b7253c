"""A row of machines of which the appliance sees the first one only: each is in a network with the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker
from tests.e2e.harness.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.lab import Lab


class Row:
    """Machines one behind the other; `machines[0]` is in the lab's network, and no other is."""

    def __init__(self, lab: Lab, *trees: str, last: str = "trixie", internal: bool = True) -> None:
        """Start a machine for each tree of these, the last one of that kind.

        With `internal=False` they reach the engine's host, as the Internet.

        The engine lets nobody from one network into another, so the appliance does not see them either way.
        """
        self.lab = lab
        kinds = [*("trixie" for _ in trees[1:]), last]
        self.machines = [Machine(lab, kind, tree=tree) for kind, tree in zip(kinds, trees, strict=True)]
        self.networks: list[str] = []
        kind = ("--internal",) if internal else ()
        for near, far in zip(self.machines, self.machines[1:], strict=False):
            # Internal: the engine gives it no way out, so there is none in either.
            self.networks.append(lab.name("hidden"))
            docker("network", "create", *kind, "--label", lab.label, self.networks[-1])
            for machine in (near, far):
                docker("network", "connect", self.networks[-1], machine.host)
            docker("network", "disconnect", lab.network, far.host)

    def close(self) -> None:
        """Leave nothing behind."""
        for machine in self.machines:
            self.lab.sweep(f"{machine.host}$")
        for network in self.networks:
            docker("network", "rm", network)

    def add_client(
        self, appliance: ApplianceUnderTest, name: str, *options: str, behind: int, first: str = "", trust: bool = True
    ) -> None:
        """Add the machine that lies behind so many others as a client, as the README says.

        `options` are those of `client add`; `first` is another way to the first machine, such as a proxy's name.
        """
        *hops, machine = self.machines[: behind + 1]
        hosts = [first or hops[0].host, *(hop.host for hop in hops[1:])]
        jumps = [word for host in hosts for word in ("--jump", f"root@{host}")]
        appliance.borgpull("client", "add", name, "--host", machine.host, *jumps, *options)
        machine.authorize(appliance.borgpull("client", "setup", name, "--key-line").stdout)
        self.authorize(appliance, name, hops)
        if trust:
            appliance.borgpull("client", "trust", name, "--yes")

    def authorize(self, appliance: ApplianceUnderTest, name: str, hops: Sequence[Machine]) -> None:
        """Let the client's key through each of these machines to the next, and do nothing else there."""
        lines = appliance.borgpull("client", "setup", name, "--jump-lines").stdout.splitlines()
        for hop, line in zip(hops, lines, strict=True):
            hop.authorize(line)
