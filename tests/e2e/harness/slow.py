"""A pull that is held in full swing for as long as a test looks at it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import names_of, wait_for
from tests.e2e.harness.proxy import ProxyMachine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

# The lab's tree has 9 MB, so there are two minutes to look, on however slow a machine.
_BYTES_A_SECOND = 60_000


@contextmanager
def pulled_slowly(
    appliance: ApplianceUnderTest,
    client: str,
    machine: Machine,
    *options: str,
    listing: str = "",
    path: str = "/srv/tree",
) -> Iterator[str]:
    """Add the client and pull it over a slow line; yields the name of its container, and waits for the end after."""
    proxy = ProxyMachine(machine)
    appliance.add_client(client, machine, "--path", path, *options, host=proxy.host, listing=listing)
    proxy.tell("throttle", _BYTES_A_SECOND)
    container = appliance.pull_container(client)
    appliance.borgpull("run", client, "--no-wait")
    try:
        wait_for(lambda: names_of("container", f"name=^/?{container}$"), within=60, what=f"{container} is there")
        yield container
    finally:
        proxy.tell("calm")
        wait_for(lambda: not names_of("container", f"name=^/?{container}$"), within=120, what=f"{container} is gone")
    appliance.lab.sweep(f"{proxy.host}$")
