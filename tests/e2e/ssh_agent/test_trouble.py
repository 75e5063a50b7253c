"""The client cannot call back, or gets no agent: the reason is the right one, and nothing is left on either side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import docker
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

_FORBID = "echo 'AllowAgentForwarding no' > /etc/ssh/sshd_config.d/a.conf; pkill -HUP -o sshd"
# An address that RFC 5737 gives to nobody.
_NOWHERE = "192.0.2.1:2222"


def fails(shared: Shared, client: str, machine: Machine, callback: str, *, reason: str, sentence: str) -> None:
    """Run the client, and fail unless it fails for that reason and nothing counts or stays."""
    appliance = shared.appliance
    run = appliance.run(client)

    last = appliance.last_run(client)
    assert (run.returncode, last["reason"]) == (3, reason), last
    assert sentence in last["message"], last
    assert callback in last["message"] or reason == "forwarding"
    assert appliance.archives(client) == []
    assert_nothing_is_left(appliance, client, machine)
    assert_client_is_clean(machine)


def add(shared: Shared, client: str, machine: Machine, callback: str) -> None:
    options = ("--path", "/srv/tree/odd", "--method", "ssh-agent", "--callback", callback)
    shared.appliance.add_client(client, machine, *options)


def test_a_callback_that_leads_nowhere_is_named(shared: Shared) -> None:
    machine = shared.machine("trixie")
    machine.exec("ip", "route", "add", "unreachable", "192.0.2.1", check=False)
    add(shared, "agent-nowhere", machine, _NOWHERE)

    fails(shared, "agent-nowhere", machine, _NOWHERE, reason="callback", sentence="cannot reach")


def test_a_callback_that_leads_to_another_sshd_is_named(shared: Shared) -> None:
    # The client itself: an sshd, but not ours, and the key is not tried on it.
    machine = shared.machine("trixie")
    elsewhere = f"{machine.host}:22"
    add(shared, "agent-elsewhere", machine, elsewhere)

    fails(shared, "agent-elsewhere", machine, elsewhere, reason="callback", sentence="cannot reach")


def test_an_agent_that_the_client_does_not_forward_is_named(
    shared: Shared, start_machine: StartMachine, callback: str
) -> None:
    machine = start_machine("trixie")
    add(shared, "agent-forbidden", machine, callback)
    machine.exec("sh", "-c", _FORBID)

    fails(shared, "agent-forbidden", machine, callback, reason="forwarding", sentence="refuses to forward an agent")


@pytest.fixture
def taken(lab: Lab, callback: str) -> Iterator[str]:
    """Publish the port for somebody else."""
    name = lab.name("taker")
    port = callback.rpartition(":")[2]
    docker(
        "run", "--detach", "--init", "--name", name, "--label", lab.label, "--publish", f"{port}:22",
        "borgpull-lab:trixie", "sleep", "600",
    )  # fmt: skip
    yield callback
    lab.sweep(f"{name}$")


def test_a_callback_whose_port_is_taken_is_named(shared: Shared, taken: str) -> None:
    machine, appliance, client = shared.machine("trixie"), shared.appliance, "agent-taken"
    add(shared, client, machine, taken)

    run = appliance.run(client)

    last = appliance.last_run(client)
    assert (run.returncode, last["reason"]) == (3, "callback"), last
    assert f"port {taken.rpartition(':')[2]} of the Docker host is taken" in last["message"]
    assert_nothing_is_left(appliance, client, machine)
