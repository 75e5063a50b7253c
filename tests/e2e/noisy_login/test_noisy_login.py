"""The promise: a login shell that talks on standard output breaks nothing, or is named as what breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest


@pytest.mark.parametrize("method", ["sshfs", "socat"])
def test_a_shell_that_greets_each_session_harms_no_archive(
    start_machine: StartMachine, appliance: ApplianceUnderTest, method: str
) -> None:
    machine, client = start_machine("trixie"), f"noisy-{method}"
    machine.exec("sh", "-c", "echo 'echo welcome to this machine; echo have a nice day >&2' > /root/.bashrc")
    machine.exec("sh", "-c", "echo 'mind the step' > /etc/motd; echo 'Banner /etc/motd' >> /etc/ssh/sshd_config")
    machine.exec("sh", "-c", "pkill -HUP -o sshd")
    machine.wait_until_up()
    appliance.add_client(client, machine, "--method", method, "--path", "/srv/tree/folder 0")

    done = appliance.run(client)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "welcome" not in done.stdout
    assert_nothing_is_left(appliance, client, machine)
