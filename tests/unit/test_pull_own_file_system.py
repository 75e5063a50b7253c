"""Our own file system needs a new kernel; on an old one stock sshfs goes on, unless the listing is required."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.plan.make import plan_run
from appliance.pull import launches
from appliance.pull.own_file_system import is_listed
from appliance.record import Operation
from tests.clients import client_of
from tests.house import NOON

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan


def plan(listing: str) -> RunPlan:
    client = client_of("sshfs", extra=f'listing = "{listing}"')
    return plan_run(client, Operation.CREATE, run_id="r", now=NOON, appliance_id="a")


@pytest.mark.parametrize(
    ("release", "auto"),
    [("3.10.108", False), ("3.14.0-rc1", False), ("3.15.0", True), ("4.4.302+", True), ("6.18.5", True), ("odd", True)],
)
def test_an_old_kernel_gets_stock_sshfs_unless_the_listing_is_required(release: str, *, auto: bool) -> None:
    assert is_listed(plan("auto"), release) is auto
    assert is_listed(plan("require"), release)
    assert not is_listed(plan("never"), release)


def test_other_methods_have_nothing_of_it() -> None:
    assert not is_listed(replace(plan("auto"), method="mount"))


@pytest.mark.parametrize(("listing", "kind"), [("auto", "fuse.pullfs"), ("never", "fuse.sshfs")])
def test_what_is_mounted_is_what_is_started(listing: str, kind: str) -> None:
    assert launches.fuse_mount(plan(listing), 7).filesystem == kind
    assert ("sshfs" in launches.file_system(plan(listing), 7).argv) == (listing == "never")
