"""The promise: a machine that cannot be reached is a failed run within its limit, and nothing else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.e2e.harness.troubled import CONNECTION_TIMEOUT, assert_told

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.troubled import TroubledClient


def test_a_machine_that_is_off_is_told_by_its_name(troubled: TroubledClient) -> None:
    troubled.proxy.stop()
    try:
        run = troubled.run()
    finally:
        troubled.proxy.start()

    troubled.assert_failed(run, "unreachable", troubled.proxy.host, "cannot be resolved", "is the machine on")
    troubled.recovers()


def test_a_machine_that_swallows_everything_is_given_up_within_the_limit(troubled: TroubledClient) -> None:
    troubled.proxy.tell("freeze")

    started = time.monotonic()
    run = troubled.run()
    took = time.monotonic() - started
    troubled.proxy.tell("calm")

    # The limit of a client that names none is 45 seconds.
    assert took < CONNECTION_TIMEOUT + 30
    troubled.assert_failed(run, "unreachable", f"{troubled.proxy.host}:22 cannot be reached", "is the machine on")
    troubled.recovers()


def test_a_port_where_nobody_listens_is_told_with_host_and_port(
    impatient_appliance: ApplianceUnderTest, start_machine: StartMachine
) -> None:
    machine = start_machine("trixie", tree="none")
    sshd = ("sh", "-c", "/usr/sbin/sshd -p 2222 -o PidFile=/run/second.pid")
    machine.exec(*sshd)
    impatient_appliance.add_client("wrong-port", machine, "--port", "2222", "--path", "/etc")
    machine.exec("sh", "-c", 'kill "$(cat /run/second.pid)"')

    run = impatient_appliance.run("wrong-port", "--operation", "probe")

    assert_told(
        impatient_appliance, "wrong-port", run, "unreachable", f"{machine.host}:2222", "refused", "does sshd listen"
    )
    machine.exec(*sshd)
    assert impatient_appliance.run("wrong-port", "--operation", "probe").returncode == 0
