"""The promise: a full state volume costs one run at most, the supervisor lives, and with room everything goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.appliance import ApplianceUnderTest
from tests.e2e.harness.tmpfs import tmpfs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.pulling import Pulling

_FILL = "head -c 1G /dev/zero > /state/filler 2>/dev/null || true"


@pytest.fixture(scope="module")
def shared_appliance(lab: Lab) -> Iterator[ApplianceUnderTest]:
    under_test = ApplianceUnderTest(lab, volumes={"state": tmpfs(lab, size="64M")})
    under_test.create()
    yield under_test
    lab.sweep(f"{under_test.name}-")


def test_a_state_volume_that_fills_up_in_the_middle_costs_at_most_the_run(pulling: Pulling) -> None:
    appliance = pulling.appliance
    pulling.assert_next_run_is_good()
    run_id = pulling.begin()
    appliance.shell(_FILL)
    pulling.proxy.tell("calm")

    # Its container ends with nobody able to write that down.
    pulling.wait_until_container_ended()
    assert appliance.is_running()
    appliance.shell("rm /state/filler")

    ended = pulling.recorded(run_id)
    assert ended["outcome"] in ("success", "failed"), ended
    assert (ended["archive"] is None) == (ended["outcome"] == "failed"), ended
    pulling.assert_nothing_is_left()
    pulling.assert_next_run_is_good()


def test_nothing_begins_that_could_not_be_written_down(pulling: Pulling) -> None:
    appliance = pulling.appliance
    before = pulling.final_archives()
    appliance.shell(_FILL)

    refused = appliance.run(pulling.client)

    assert refused.returncode != 0
    # By whom it is told depends on what was the first that could not be written.
    assert any(words in refused.stdout + refused.stderr for words in ("full", "No space left"))
    assert pulling.final_archives() == before
    appliance.shell("rm /state/filler")
    pulling.assert_next_run_is_good()
