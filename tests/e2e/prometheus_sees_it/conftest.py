"""One appliance with two clients that were pulled, and a real Prometheus that looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.engine import wait_for
from tests.e2e.harness.hostile import HostileClient
from tests.e2e.harness.machine import Machine
from tests.e2e.harness.prometheus import Prometheus
from tests.e2e.harness.tmpfs import tmpfs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab

# Nobody has exported a key, and appliances under test are paused: both are pending from the start.
_FROM_THE_START = {
    ("BorgPullWatchdog", ""): "firing",
    ("BorgPullPausedTooLong", ""): "pending",
    ("BorgPullKeyNotExported", "web"): "pending",
    ("BorgPullKeyNotExported", "robber"): "pending",
}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The appliance, the machine of both clients, the client that may turn evil, and who looks at it all."""

    appliance: ApplianceUnderTest
    machine: Machine
    robber: HostileClient
    prometheus: Prometheus

    def wait_for_alerts(self, expected: dict[tuple[str, str], str]) -> None:
        """Fail unless exactly these alerts come up beside those that are there from the start."""
        whole = _FROM_THE_START | expected
        seen: dict[tuple[str, str], str] = {}

        def are_there() -> bool:
            seen.clear()
            seen.update(self.prometheus.alerts())
            return seen == whole

        try:
            wait_for(are_there, within=60, what=f"exactly {whole}")
        except AssertionError as late:
            raise AssertionError(f"{late}; there are {seen}") from None


@pytest.fixture(scope="module")
def scene(lab: Lab) -> Iterator[Scene]:
    machine = Machine(lab, "trixie", tree="none")
    machine.exec("sh", "-c", "mkdir -p /srv/web && head -c 300000 /dev/urandom > /srv/web/file")
    # Memory that is hardly used: Borg wants half a gigabyte free before it rewrites a segment.
    appliance = ApplianceUnderTest(lab, volumes={"repos": tmpfs(lab, size="2G")})
    appliance.create("--network", lab.network)
    appliance.add_client("web", machine, "--path", "/srv/web")
    assert appliance.run("web").returncode == 0
    assert appliance.borgpull("client", "probe", "web").returncode == 0
    found = Scene(
        appliance=appliance,
        machine=machine,
        robber=HostileClient(appliance, machine, "robber"),
        prometheus=Prometheus(appliance),
    )
    yield found
    for name in (f"{appliance.name}-", f"{machine.host}$", f"{found.prometheus.name}(-config)?$"):
        lab.sweep(name)
