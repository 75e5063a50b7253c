"""The promise: a full volume fails a run with one sentence and harms nothing; with room it works again by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.tmpfs import resize, tmpfs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.pulling import Pulling


@pytest.fixture(scope="module")
def shared_appliance(lab: Lab) -> Iterator[ApplianceUnderTest]:
    under_test = ApplianceUnderTest(lab, volumes={"repos": tmpfs(lab, size="6M")})
    under_test.create()
    yield under_test
    lab.sweep(f"{under_test.name}-")


def test_a_volume_that_fills_up_in_the_middle_fails_the_run_and_with_room_it_works(pulling: Pulling) -> None:
    seen = pulling.run()

    pulling.assert_nothing_counts(
        seen, code=3, outcome="failed", reason="no_space", sentence="volume of the repositories is full"
    )
    # Half a gigabyte is what Borg wants to have free before it rewrites a segment.
    resize(pulling.appliance.supervisor, "/repos", "2G")
    pulling.assert_next_run_is_good()


def test_below_the_floor_of_free_space_nothing_is_begun(pulling: Pulling) -> None:
    appliance = pulling.appliance
    before = appliance.read("/config/borgpull.toml")
    appliance.write_config(before.replace('free_space = "1M"', 'free_space = "4TiB"'))

    seen = pulling.run()

    pulling.assert_nothing_counts(
        seen, code=3, outcome="failed", reason="no_space", sentence="less than `free_space` (4096.00 GiB); make room"
    )
    appliance.write_config(before)
    pulling.assert_next_run_is_good()
