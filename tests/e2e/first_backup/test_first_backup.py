"""The first promise: add a machine, run, and what is in the repository is what is on the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import archived_tree, outside_archives
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

# What SFTP does not carry: link counts, holes, and times below the second.
LOST_OVER_SFTP = frozenset({"hard_link", "sparse", "mtime_ns"})


def test_the_first_pull_of_a_machine_gives_an_archive_that_equals_it(
    appliance: ApplianceUnderTest, machine: Machine
) -> None:
    appliance.add_client("web", machine, "--path", "/srv/tree")

    run = appliance.run("web")

    assert run.returncode == 0, run.stdout + run.stderr
    assert appliance.status("web")["state"] == "ok"
    (archive,) = appliance.archives("web")
    assert outside_archives(appliance, "web") == [archive]
    assert differences(machine.manifest(), archived_tree(appliance, "web", archive), ignore=LOST_OVER_SFTP) == []
    assert_nothing_is_left(appliance, "web", machine)
