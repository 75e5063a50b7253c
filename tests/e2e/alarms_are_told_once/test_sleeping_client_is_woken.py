"""The promise: a machine that sleeps is woken before its run by a packet that gets out of Docker, and waited for."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import docker, state_of, wait_for
from tests.e2e.harness.lab import LIFETIME_SECONDS
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.proxy import ProxyMachine
from tests.e2e.harness.waiting import wait_for_a_look

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.shared import Shared

MAC = "02:bb:cc:dd:ee:ff"
# What a network card does in its sleep: it ends when it hears the packet that is for it.
_CARD = """
import socket
card = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
card.bind(("", 9))
while card.recv(200) != b"\\xff" * 6 + bytes.fromhex("02bbccddeeff") * 16:
    pass
"""


def sleeping_card(lab: Lab) -> str:
    """Start a network card on the lab's network; returns its container."""
    name = lab.name("card")
    docker(
        "run", "--detach", "--init", "--name", name, "--label", lab.label, "--network", lab.network,
        "borgpull-lab:trixie", "timeout", str(LIFETIME_SECONDS), "python3", "-c", _CARD,
    )  # fmt: skip
    table = "cat /proc/net/udp"
    wait_for(lambda: ":0009 " in docker("exec", name, "sh", "-c", table, check=False).stdout, within=120, what=name)
    return name


def broadcast_address(network: str) -> str:
    subnet = docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}", network).stdout.strip()
    return str(ipaddress.ip_network(subnet).broadcast_address)


def test_a_machine_that_sleeps_is_woken_and_waited_for(shared: Shared) -> None:
    appliance, machine, lab = shared.appliance, shared.machine("trixie"), shared.lab
    proxy = ProxyMachine(machine)
    appliance.add_client("sleeper", machine, "--path", "/srv/tree/odd", host=proxy.host)
    path = "/config/clients.d/sleeper.toml"
    wake = f'wake = "{MAC}"\nwake_via = "{broadcast_address(lab.network)}"\n'
    appliance.write_config(f"{appliance.read(path)}\n{wake}", path)
    wait_for_a_look(appliance)
    card = sleeping_card(lab)
    proxy.stop()

    appliance.borgpull("run", "sleeper", "--no-wait")
    wait_for(lambda: _has_ended(card), within=90, what="the packet arrives")
    proxy.start()
    wait_for(lambda: appliance.status("sleeper")["last_outcome"] is not None, within=120, what="the run ends")

    run = appliance.last_run("sleeper")
    assert run["outcome"] == "success", run
    assert_nothing_is_left(appliance, "sleeper")
    lab.sweep(f"{proxy.host}$")
    lab.sweep(f"{card}$")


def _has_ended(container: str) -> bool:
    # One that is not there has received nothing.
    return state_of(container)["Running"] is False
