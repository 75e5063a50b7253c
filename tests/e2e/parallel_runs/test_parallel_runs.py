"""The promise: no more pulls at once than `max_parallel`; the others wait for their turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine


@pytest.fixture(scope="module")
def shared_appliance(lab: Lab) -> Iterator[ApplianceUnderTest]:
    under_test = ApplianceUnderTest(lab, settings="max_parallel = 1")
    under_test.create()
    yield under_test
    lab.sweep(f"{under_test.name}-")


def test_with_one_slot_two_runs_come_one_after_the_other(
    shared_appliance: ApplianceUnderTest, shared_machine: Machine
) -> None:
    names = ("mail", "web")
    for name in names:
        shared_appliance.add_client(name, shared_machine, "--path", "/srv/tree/folder 0")

    done = shared_appliance.borgpull("run", *names, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    first, second = sorted((shared_appliance.last_run(name) for name in names), key=lambda run: str(run["started"]))
    assert first["finished"] <= second["started"]
    assert "borgpull_slots 1.0" in shared_appliance.get("/metrics")[1]
