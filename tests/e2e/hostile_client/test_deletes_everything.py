"""The promise: a client that deletes all of its archives loses none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.hostile import HostileClient
from tests.e2e.harness.outside import outside_archives, outside_borg

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

_DELETE_ALL = "borg delete --glob-archives '*' $REPO >&2; exit 0"


def test_deleted_archives_freeze_everything_and_repair_brings_them_back(
    shared_appliance: ApplianceUnderTest, shared_machine: Machine
) -> None:
    appliance = shared_appliance
    client = HostileClient(appliance, shared_machine, "robber")
    client.good_run()
    names = appliance.archives("robber")

    done = client.run_evil(_DELETE_ALL)

    client.assert_failed(done, "tampering", names[0], names[1], "borgpull repair robber")
    assert outside_archives(appliance, "robber") == []
    status = appliance.status("robber")
    assert (status["state"], status["last_reason"]) == ("failing", "tampering")
    failures = 'borgpull_run_failures_total{client="robber",operation="create",reason="tampering"} 1.0'
    assert failures in appliance.get("/metrics")[1]

    client.assert_failed(appliance.run("robber"), "tampering")
    pruned = appliance.run("robber", "--operation", "prune")
    assert pruned.returncode == 3, pruned.stdout + pruned.stderr
    assert (client.last()["operation"], client.last()["reason"]) == ("prune", "tampering")
    shown = appliance.borgpull("repair", "robber", check=False)
    assert shown.returncode == 3
    assert [name for name in names if name not in shown.stdout] == []

    repaired = appliance.borgpull("repair", "robber", "--roll-back", "--yes", check=False)

    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert outside_archives(appliance, "robber") == names
    assert outside_borg(appliance, "robber", "check", "--verify-data").returncode == 0
    # The client's own Borg has seen a newer state than the one that is back, and must go on all the same.
    newest = client.good_run()
    assert appliance.archives("robber") == [*names, newest]
    assert appliance.status("robber")["state"] == "ok"
