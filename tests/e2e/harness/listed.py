"""Clients with `listing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine


def add_listed(
    appliance: ApplianceUnderTest, client: str, machine: Machine, listing: str, *words: str, path: str = "/srv/tree"
) -> None:
    """Add a client whose key is still the one that reads by SFTP alone."""
    appliance.add_client(client, machine, "--path", path, *words)
    appliance.shell(f"sed -i '/^\\[clients/a listing = \"{listing}\"' /config/clients.d/{client}.toml")


def let_list(appliance: ApplianceUnderTest, client: str, machine: Machine) -> None:
    """Paste the line anew."""
    machine.forget_keys()
    machine.authorize(appliance.borgpull("client", "setup", client, "--key-line").stdout)
