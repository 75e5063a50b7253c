"""A client behind another machine calls back on a way of its own: the pull goes through the hop, the data does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.callback import free_address
from tests.e2e.harness.hidden import Row
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean
from tests.e2e.harness.outside import outside_archives
from tests.e2e.harness.whole import SOURCES, assert_whole, dig_holes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.shared import Shared


@pytest.fixture(params=["trixie", "bookworm"])
def row(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Row]:
    machines = Row(lab, "none", "", last=request.param, internal=False)
    yield machines
    machines.close()


def test_a_client_behind_a_jump_host_calls_back(shared: Shared, row: Row) -> None:
    appliance, (hop, machine), client = shared.appliance, row.machines, f"agent-behind-{row.machines[1].kind}"
    dig_holes(machine)
    callback = free_address(row.networks[0])
    row.add_client(appliance, client, *SOURCES, "--method", "ssh-agent", "--callback", callback, behind=1)

    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = appliance.archives(client)
    assert outside_archives(appliance, client) == [archive]
    assert_whole(appliance, machine, client, archive)
    assert_nothing_is_left(appliance, client, hop)
    assert_client_is_clean(machine)
