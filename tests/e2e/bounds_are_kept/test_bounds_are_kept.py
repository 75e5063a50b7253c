"""The promise: a repository keeps within its quota, and on a disk that others filled old archives can still go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.tmpfs import resize, tmpfs
from tests.e2e.harness.waiting import stay_within_a_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.machine import Machine


@pytest.fixture(scope="module")
def small(lab: Lab) -> Iterator[ApplianceUnderTest]:
    under_test = ApplianceUnderTest(lab, volumes={"repos": tmpfs(lab, size="3G")})
    config = under_test.read("/config/borgpull.toml")
    under_test.write_config(config.replace('free_space = "1M"', 'free_space = "1G"'))
    under_test.create()
    yield under_test
    lab.sweep(f"{under_test.name}-")


def _bound(appliance: ApplianceUnderTest, client: str, option: str) -> str:
    return appliance.shell(f"sed -n 's/^{option} = //p' /repos/{client}/config").stdout.strip()


def test_on_a_disk_that_others_filled_old_archives_can_still_go(
    small: ApplianceUnderTest, shared_machine: Machine
) -> None:
    stay_within_a_day()
    small.add_client("tight", shared_machine, "--path", "/srv/tree/folder 0")
    for _ in range(3):
        done = small.run("tight")
        assert done.returncode == 0, done.stdout + done.stderr
    assert _bound(small, "tight", "additional_free_space") == "1000000000"
    # As if others had filled it: what is left is less than is to stay free, and enough for Borg to rewrite a segment.
    resize(small.supervisor, "/repos", "800M")

    refused = small.run("tight")
    pruned = small.run("tight", "--operation", "prune")

    assert (refused.returncode, "less than `free_space`" in refused.stdout) == (3, True)
    assert pruned.returncode == 0, pruned.stdout + pruned.stderr
    assert len(small.archives("tight")) == 2
    resize(small.supervisor, "/repos", "3G")
    again = small.run("tight")
    assert again.returncode == 0, again.stdout + again.stderr
    assert _bound(small, "tight", "additional_free_space") == "1000000000"
    assert_nothing_is_left(small, "tight")


def test_a_repository_does_not_grow_over_its_quota_and_can_be_pruned_there(
    small: ApplianceUnderTest, shared_machine: Machine
) -> None:
    shared_machine.exec("sh", "-c", "mkdir -p /srv/heavy; echo little > /srv/heavy/little")
    small.add_client("bounded", shared_machine, "--path", "/srv/heavy", "--quota", "10M")
    first = small.run("bounded")
    assert first.returncode == 0, first.stdout + first.stderr
    shared_machine.exec("sh", "-c", "head -c 14000000 /dev/urandom > /srv/heavy/much")

    over = small.run("bounded")

    assert over.returncode == 3, over.stdout + over.stderr
    assert small.last_run("bounded")["reason"] == "quota"
    assert len(small.archives("bounded")) == 1
    pruned = small.run("bounded", "--operation", "prune")
    assert pruned.returncode == 0, pruned.stdout + pruned.stderr
    shared_machine.exec("rm", "/srv/heavy/much")
    again = small.run("bounded")
    assert again.returncode == 0, again.stdout + again.stderr
    assert _bound(small, "bounded", "storage_quota") == "10000000"
