"""A client that lacks what the method needs, or forbids it: the reason is the right one, and nothing is left there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

# Debian's Borg itself needs Python, by another name than the one that a stand-in for socat would look for.
_NO_PYTHON3 = "sed -i '1s,.*,#!/usr/bin/python3.13,' /usr/bin/borg; rm /usr/bin/python3"
_FORBID = "echo '{}' > /etc/ssh/sshd_config.d/a.conf; pkill -HUP -o sshd"
_SHOWS = "printf '#!/bin/sh\\necho {}\\n' > /usr/local/bin/borg; chmod 755 /usr/local/bin/borg"


def add(appliance: ApplianceUnderTest, client: str, machine: Machine) -> None:
    appliance.add_client(client, machine, "--path", "/srv/tree/odd", "--method", "socat")


@pytest.mark.parametrize(
    ("name", "change", "stand_in"),
    [
        ("python", "rm /usr/bin/socat", "relay.py"),
        ("perl", f"rm /usr/bin/socat; {_NO_PYTHON3}", "relay.pl"),
    ],
)
def test_without_socat_something_else_stands_in(
    shared: Shared, start_machine: StartMachine, name: str, change: str, stand_in: str
) -> None:
    appliance, machine, client = shared.appliance, start_machine("trixie"), f"without-socat-{name}"
    add(appliance, client, machine)
    machine.exec("sh", "-c", change)

    run = appliance.run(client)

    assert run.returncode == 0, (stand_in, run.stdout + run.stderr)
    assert_nothing_is_left(appliance, client)


@pytest.mark.parametrize(
    ("name", "change", "reason", "sentence"),
    [
        ("no-borg", "rm /usr/bin/borg", "client_tools", "There is no Borg on"),
        ("borg-2", _SHOWS.format("borg 2.0.0b22"), "client_borg", "Borg 2 speaks another protocol"),
        ("borg-1-1", _SHOWS.format("borg 1.1.18"), "client_borg", "it is too old"),
        (
            "no-relay",
            f"rm /usr/bin/socat; {_NO_PYTHON3}; rm /usr/bin/perl",
            "client_tools",
            "neither socat nor a stand-in",
        ),
        (
            "no-sockets",
            _FORBID.format("AllowStreamLocalForwarding no"),
            "forwarding",
            "refuses the forwarding that method socat needs",
        ),
        ("no-forwarding", _FORBID.format("DisableForwarding yes"), "forwarding", "refuses the forwarding"),
        ("sftp-alone", _FORBID.format("ForceCommand internal-sftp"), "client_tools", "allowed to run commands"),
    ],
)
def test_what_is_missing_is_named(
    shared: Shared, start_machine: StartMachine, name: str, change: str, reason: str, sentence: str
) -> None:
    appliance, machine, client = shared.appliance, start_machine("trixie"), f"lacks-{name}"
    add(appliance, client, machine)
    machine.exec("sh", "-c", change)

    run = appliance.run(client)

    last = appliance.last_run(client)
    assert (run.returncode, last["reason"]) == (3, reason), last
    assert sentence in last["message"], last
    assert appliance.archives(client) == []
    assert_nothing_is_left(appliance, client, machine)
    assert_client_is_clean(machine)
