"""The promise: what `keep` lets go is deleted by itself, after a good backup and once a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.e2e.harness.engine import wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside_archives

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine


def _ended(appliance: ApplianceUnderTest, operation: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = appliance.json("history", "web")
    return [run for run in runs if run["operation"] == operation and run["outcome"] is not None]


def test_after_a_good_backup_old_archives_go_and_only_once_a_day(
    appliance: ApplianceUnderTest, machine: Machine
) -> None:
    appliance.add_client("web", machine, "--path", "/srv/tree/folder 0", "--schedule", "* * * * *")
    for _ in range(3):
        done = appliance.run("web")
        assert done.returncode == 0, done.stdout + done.stderr
    made = appliance.archives("web")
    assert len(made) == 3

    appliance.borgpull("resume")
    wait_for(lambda: _ended(appliance, "prune"), within=90, what="a prune by schedule")
    before = len(_ended(appliance, "create"))
    wait_for(lambda: len(_ended(appliance, "create")) > before, within=120, what="another backup by schedule")
    appliance.borgpull("pause")
    assert_nothing_is_left(appliance, "web", within=60)

    prunes = _ended(appliance, "prune")
    assert {(run["trigger"], run["outcome"]) for run in prunes} == {("schedule", "success")}
    assert len({run["started"][:10] for run in prunes}) == len(prunes)
    left = appliance.archives("web")
    assert made[1] not in left
    assert outside_archives(appliance, "web") == left
    status = appliance.status("web")
    assert status["state"] == "ok"
    assert status["last_upkeep"]["prune"]["outcome"] == "success"
