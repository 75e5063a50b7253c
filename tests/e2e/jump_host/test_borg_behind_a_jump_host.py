"""The promise: a Borg on a client that only another machine reaches comes back to the repository on the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean
from tests.e2e.harness.outside import outside_archives
from tests.e2e.harness.whole import SOURCES, assert_whole, dig_holes

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.hidden import Row


@pytest.mark.parametrize(
    ("method", "behind"), [("socat", 1), ("socat", 2), ("remote-forward", 1), ("remote-forward", 2)]
)
def test_borg_on_a_client_behind_other_machines_archives_everything(
    row: Row, outsider: ApplianceUnderTest, method: str, behind: int
) -> None:
    machine, client = row.machines[behind], f"hidden-{method}-{behind}"
    dig_holes(machine)
    row.add_client(outsider, client, *SOURCES, "--method", method, behind=behind)

    run = outsider.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = outsider.archives(client)
    assert outside_archives(outsider, client) == [archive]
    assert_whole(outsider, machine, client, archive)
    for one in row.machines[: behind + 1]:
        assert_nothing_is_left(outsider, client, one)
    assert_client_is_clean(machine)
