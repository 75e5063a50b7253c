"""Wake a machine that sleeps: the magic packet, and the container that sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.ports import ContainerSpec

if TYPE_CHECKING:
    from appliance.config.model import ApplianceSettings, MachineClient

# What the container's label says in place of an operation: it is no run, and nobody adopts it.
WAKE = "wake"
# The "discard" port, to which magic packets are sent by custom.
PORT = 9


def magic_packet(mac_address: str) -> bytes:
    """Return what a network card listens for in its sleep: six bytes of ones, and its address sixteen times."""
    return b"\xff" * 6 + bytes.fromhex(mac_address.replace(":", "")) * 16


def wake_spec(client: MachineClient, settings: ApplianceSettings, appliance_id: str, run_id: str) -> ContainerSpec:
    """Return a container that sends the packet and ends.

    It is in the network of the engine's host, since a broadcast never leaves a bridge network; it has no right, no
    mount and no secret, meets no byte of a client, and runs for a second. Raises ValueError without `wake`.
    """
    if client.wake is None:
        raise ValueError(f"{client.name} has no wake")
    return ContainerSpec(
        name=f"{places.container_name(settings.name, client.name)}-wake-{run_id}",
        command=(WAKE, client.wake, client.wake_via),
        labels={
            places.LABEL_APPLIANCE: appliance_id,
            places.LABEL_CLIENT: client.name,
            places.LABEL_OPERATION: WAKE,
            places.LABEL_RUN: run_id,
            **places.UPDATERS_KEEP_AWAY,
        },
        mounts=(),
        network="host",
        user=f"{places.UID}:{places.GID}",
        stop_grace=1,
    )
