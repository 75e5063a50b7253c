"""The promise: what `keep` lets go is deleted by itself, after a good backup and once a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside_archives
from tests.e2e.harness.waiting import ended, stay_within_a_day, wait_for_a_look

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine


def _is_at_rest(appliance: ApplianceUnderTest) -> bool:
    return all(run["outcome"] is not None for run in appliance.json("history", "web"))


def test_after_a_good_backup_old_archives_go_and_only_once_a_day(
    appliance: ApplianceUnderTest, machine: Machine
) -> None:
    stay_within_a_day()
    appliance.add_client("web", machine, "--path", "/srv/tree/folder 0", "--schedule", "* * * * *")
    for _ in range(3):
        done = appliance.run("web")
        assert done.returncode == 0, done.stdout + done.stderr
    made = appliance.archives("web")
    assert len(made) == 3

    appliance.borgpull("resume")
    wait_for(lambda: ended(appliance, "web", "prune"), within=180, what="a prune by schedule")
    before = len(ended(appliance, "web", "create"))
    wait_for(lambda: len(ended(appliance, "web", "create")) > before, within=240, what="another backup by schedule")
    appliance.borgpull("pause")
    # What the supervisor was about to begin as it was paused still begins.
    wait_for_a_look(appliance)
    wait_for(lambda: _is_at_rest(appliance), within=120, what="the last run ends")
    assert_nothing_is_left(appliance, "web")

    prunes = ended(appliance, "web", "prune")
    assert {(run["trigger"], run["outcome"]) for run in prunes} == {("schedule", "success")}
    assert len({run["started"][:10] for run in prunes}) == len(prunes)
    left = appliance.archives("web")
    assert made[1] not in left
    assert outside_archives(appliance, "web") == left
    status = appliance.status("web")
    assert status["state"] == "ok"
    assert status["last_upkeep"]["prune"]["outcome"] == "success"
