"""The promise: trouble on the way is told by the name of the machine that has it, and nothing counts or stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.troubled import assert_told

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.engine import Completed
    from tests.e2e.harness.hidden import Row

CLIENT = "far"


@pytest.fixture(scope="module")
def behind_two(row: Row, outsider: ApplianceUnderTest) -> Row:
    row.add_client(outsider, CLIENT, "--path", "/etc", behind=2)
    assert outsider.run(CLIENT).returncode == 0
    return row


@pytest.mark.parametrize("hop", [0, 1])
def test_a_machine_on_the_way_that_is_off_is_named(behind_two: Row, outsider: ApplianceUnderTest, hop: int) -> None:
    machine = behind_two.machines[hop]
    machine.kill()
    try:
        run = outsider.run(CLIENT)
    finally:
        machine.start()

    _assert_failed(outsider, behind_two, run, "unreachable", f"On the way to {CLIENT}:", machine.host, "cannot be re")
    _assert_recovers(behind_two, outsider)


def test_a_client_that_is_off_is_not_taken_for_a_machine_on_the_way(
    behind_two: Row, outsider: ApplianceUnderTest
) -> None:
    machine = behind_two.machines[2]
    machine.kill()
    try:
        run = outsider.run(CLIENT)
    finally:
        machine.start()

    sentence = f"{machine.host}:22 cannot be reached from {behind_two.machines[1].host}"
    _assert_failed(outsider, behind_two, run, "unreachable", sentence)
    assert "On the way" not in outsider.last_run(CLIENT)["message"]
    _assert_recovers(behind_two, outsider)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_another_host_key_anywhere_on_the_way_ends_the_run_until_it_is_replaced(
    behind_two: Row, outsider: ApplianceUnderTest, place: int
) -> None:
    machine = behind_two.machines[place]
    machine.change_host_keys()

    run = outsider.run(CLIENT)

    _assert_failed(
        outsider, behind_two, run, "host_key", f"The host key of {machine.host} is not the pinned one", "--replace"
    )
    refused = outsider.borgpull("client", "trust", CLIENT, "--yes", check=False)
    assert refused.returncode == 3
    assert "has CHANGED" in refused.stderr
    outsider.borgpull("client", "trust", CLIENT, "--yes", "--replace")
    _assert_recovers(behind_two, outsider)


def test_a_machine_on_the_way_that_refuses_the_key_is_named(behind_two: Row, outsider: ApplianceUnderTest) -> None:
    hop = behind_two.machines[1]
    hop.forget_keys()

    run = outsider.run(CLIENT)

    _assert_failed(outsider, behind_two, run, "auth", f"{hop.host}:22 refuses the key", "--jump-lines")
    behind_two.authorize(outsider, CLIENT, behind_two.machines[:2])
    _assert_recovers(behind_two, outsider)


def test_a_machine_that_lets_nobody_through_is_named(behind_two: Row, outsider: ApplianceUnderTest) -> None:
    hop = behind_two.machines[0]
    hop.exec("sh", "-c", "sed -i 's/port-forwarding,//' /root/.ssh/authorized_keys")

    run = outsider.run(CLIENT)

    _assert_failed(outsider, behind_two, run, "forwarding", f"{hop.host}:22 lets nobody through", "AllowTcpForwarding")
    hop.forget_keys()
    behind_two.authorize(outsider, CLIENT, behind_two.machines[:2])
    _assert_recovers(behind_two, outsider)


def _assert_failed(outsider: ApplianceUnderTest, row: Row, run: Completed, reason: str, *words: str) -> None:
    assert_told(outsider, CLIENT, run, reason, *words)
    for machine in row.machines:
        assert_nothing_is_left(outsider, CLIENT, machine)


def _assert_recovers(row: Row, outsider: ApplianceUnderTest) -> None:
    run = outsider.run(CLIENT)
    assert run.returncode == 0, run.stdout + run.stderr
    for machine in row.machines:
        assert_nothing_is_left(outsider, CLIENT, machine)
