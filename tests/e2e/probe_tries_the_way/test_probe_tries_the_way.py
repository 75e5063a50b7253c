"""A probe goes there and comes back as Borg would, so an sshd or a callback that forbids it is found before a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.callback import free_address
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean
from tests.e2e.harness.ports import free_port

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

_FORBID = "echo '{}' > /etc/ssh/sshd_config.d/a.conf; pkill -HUP -o sshd"


def add(appliance: ApplianceUnderTest, client: str, machine: Machine, method: str, callback: str = "") -> None:
    options = ("--callback", callback or free_address(machine.lab.network)) if method == "ssh-agent" else ()
    appliance.add_client(client, machine, "--path", "/srv/tree/odd", "--method", method, *options)


def probe(appliance: ApplianceUnderTest, client: str) -> tuple[int, str | None]:
    code = appliance.borgpull("client", "probe", client, check=False).returncode
    last = appliance.last_run(client)
    assert last["operation"] == "probe"
    return code, last["reason"]


@pytest.mark.parametrize("method", ["socat", "ssh-agent", "remote-forward"])
def test_a_way_that_is_open_is_found_open_and_nothing_is_made(shared: Shared, method: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine("trixie"), f"probed-{method}"
    add(appliance, client, machine, method)

    assert probe(appliance, client) == (0, None)

    assert appliance.shell(f"ls -A /repos/{client}").stdout == ""
    assert_nothing_is_left(appliance, client, machine)
    assert_client_is_clean(machine)


@pytest.mark.parametrize(
    ("method", "forbidden"),
    [
        ("socat", "AllowStreamLocalForwarding no"),
        ("ssh-agent", "AllowAgentForwarding no"),
        ("remote-forward", "AllowTcpForwarding no"),
    ],
)
def test_an_sshd_that_forbids_what_the_method_needs_fails_the_probe(
    shared: Shared, start_machine: StartMachine, method: str, forbidden: str
) -> None:
    appliance, machine, client = shared.appliance, start_machine("trixie"), f"forbidden-{method}"
    add(appliance, client, machine, method)
    machine.exec("sh", "-c", _FORBID.format(forbidden))

    assert probe(appliance, client) == (3, "forwarding")
    assert_client_is_clean(machine)


def test_a_callback_that_leads_elsewhere_fails_the_probe(shared: Shared) -> None:
    appliance, machine, client = shared.appliance, shared.machine("trixie"), "called-elsewhere"
    add(appliance, client, machine, "ssh-agent", callback=f"{machine.host}:{free_port()}")

    assert probe(appliance, client) == (3, "callback")
    assert_client_is_clean(machine)


def test_a_client_whose_clock_is_off_is_told(appliance: ApplianceUnderTest, machine: Machine) -> None:
    late = '#!/bin/sh\nexec /bin/date --date="@$(($(/bin/date +%s) - 7200))" "$@"\n'
    machine.exec("sh", "-c", "cat > /usr/local/bin/date; chmod 755 /usr/local/bin/date", stdin=late)
    add(appliance, "late", machine, "socat")

    assert probe(appliance, "late") == (1, "clock")

    said = appliance.last_run("late")["message"]
    assert "behind this server's; set both by NTP" in said
    found = [one for one in appliance.json("doctor", "--probe", check=False) if one["subject"] == "client late"]
    assert any(one["level"] == "warning" and "tried now, clock: " in one["sentence"] for one in found), found
