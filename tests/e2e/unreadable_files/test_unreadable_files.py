"""The promise: files that the pulled user may not read are named in a warning, and the rest counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside_borg
from tests.e2e.harness.troubled import assert_told

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest

_PREPARE = """
mkdir -p /srv/mine
echo one > /srv/mine/open
echo two > "/srv/mine/secret one"
echo three > /srv/mine/secret-two
chmod 0600 /srv/mine/secret*
"""


def test_unreadable_files_are_named_and_the_archive_counts(
    impatient_appliance: ApplianceUnderTest, start_machine: StartMachine
) -> None:
    machine = start_machine("sftp-only", tree="none")
    machine.exec("sh", "-euc", _PREPARE)
    impatient_appliance.add_client("unprivileged", machine, "--path", "/srv/mine")

    run = impatient_appliance.run("unprivileged")

    named = ("lacks 2 files", "srv/mine/secret one", "srv/mine/secret-two", "ermission denied")
    assert_told(impatient_appliance, "unprivileged", run, "unreadable", *named, outcome="warning", code=1)
    last = impatient_appliance.last_run("unprivileged")
    assert last["warning_count"] == 2
    (archive,) = impatient_appliance.archives("unprivileged")
    listed = outside_borg(impatient_appliance, "unprivileged", "list", "--short", f"::{archive}").stdout.splitlines()
    assert listed == ["srv/mine", "srv/mine/open"]
    assert_nothing_is_left(impatient_appliance, "unprivileged", machine)

    machine.exec("sh", "-c", "chmod 0644 /srv/mine/*")
    run = impatient_appliance.run("unprivileged")
    assert run.returncode == 0, run.stdout + run.stderr
