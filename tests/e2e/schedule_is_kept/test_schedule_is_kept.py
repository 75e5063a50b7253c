"""The promise: what is due starts by itself, and nothing does while the operator has paused it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import wait_for

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

# A minute until it is due, and the supervisor's ticks.
_DUE_WITHIN = 90


def test_a_client_is_pulled_by_its_schedule_and_not_while_paused(
    appliance: ApplianceUnderTest, machine: Machine
) -> None:
    appliance.add_client("web", machine, "--path", "/srv/tree/folder 0", "--schedule", "* * * * *")
    assert "Paused since" in appliance.borgpull("status").stdout
    assert appliance.json("history", "web") == []

    appliance.borgpull("resume")
    wait_for(lambda: len(_ended(appliance)) >= 2, within=_DUE_WITHIN + 30, what="two runs by schedule")
    appliance.borgpull("pause", "--reason", "moving the disks")

    runs = _ended(appliance)
    assert {(run["trigger"], run["outcome"]) for run in runs} == {("schedule", "success")}
    assert "moving the disks" in appliance.borgpull("status").stdout
    assert appliance.status("web")["next_run"] is None
    wait_for(lambda: appliance.status("web")["upkeep"] is None, within=60, what="what came after a backup has ended")
    # An operator may run it all the same.
    assert appliance.run("web").returncode == 0
    assert appliance.last_run("web")["trigger"] == "operator"


def _ended(appliance: ApplianceUnderTest) -> list[dict[str, object]]:
    return [run for run in appliance.json("history", "web") if run["outcome"] and run["operation"] == "create"]
