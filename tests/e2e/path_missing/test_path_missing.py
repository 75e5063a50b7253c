"""The promise: a path that is not on the client, or holds nothing, never becomes an empty archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.troubled import assert_told

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.troubled import TroubledClient


def test_a_path_must_exist_and_hold_something_before_it_is_archived(
    impatient_appliance: ApplianceUnderTest, troubled: TroubledClient
) -> None:
    machine = troubled.machine
    impatient_appliance.add_client("later", machine, "--path", "/srv/later")

    missing = impatient_appliance.run("later")
    assert_told(impatient_appliance, "later", missing, "source_missing", "/srv/later", "does not exist on the client")
    assert_nothing_is_left(impatient_appliance, "later", machine)

    machine.exec("mkdir", "/srv/later")
    empty = impatient_appliance.run("later")
    assert_told(impatient_appliance, "later", empty, "source_empty", "nothing in /srv/later", "not mounted")
    assert impatient_appliance.archives("later") == []
    assert_nothing_is_left(impatient_appliance, "later", machine)

    machine.exec("touch", "/srv/later/file")
    run = impatient_appliance.run("later")
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(impatient_appliance.archives("later")) == 1
