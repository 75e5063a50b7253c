"""What a run will do, from configuration and journal."""

from __future__ import annotations

from dataclasses import replace

from appliance.plan.make import plan_run
from appliance.plan.run_plan import Baseline, RunPlan
from appliance.record import KnownRepository, LedgerEntry, Operation
from tests.house import NOON, archive, history, mounted, one, record

OLD = LedgerEntry(client="web1", archive=archive(number=1, files=100), run_id="a")
NEW = LedgerEntry(client="web1", archive=archive(number=2, files=120), run_id="b")
FOUND = replace(NEW, archive=replace(archive(number=3), files=0, original_size=0))


def planned(ledger: tuple[LedgerEntry, ...] = (), *, accept_shrink: bool = False) -> RunPlan:
    return plan_run(
        one(timeout='"2h"', exclude='["/proc"]'),
        Operation.CREATE,
        run_id="run-1",
        now=NOON,
        appliance_id="us",
        history=history(replace(record(), source_filesystem="fuse.sshfs")),
        ledger=ledger,
        repository=KnownRepository(client="web1", repository_id="77", first_seen=NOON),
        accept_shrink=accept_shrink,
    )


def test_the_plan_names_client_archive_and_pinned_repository() -> None:
    plan = planned()

    assert (plan.host, plan.user, plan.port) == ("web1.lan", "root", 22)
    assert plan.archive_name == "web1-2026-11-22T12:00:00"
    assert plan.repository_id == "77"
    assert plan.timeout == 7200
    assert RunPlan.from_json(plan.to_json()) == plan


def test_the_baseline_is_the_newest_archive_whose_sizes_are_known() -> None:
    assert planned().baseline is None
    assert planned((OLD, NEW, FOUND)).baseline == Baseline(files=120, original_size=120_000, filesystem="fuse.sshfs")


def test_an_operator_who_accepts_a_smaller_source_gets_no_baseline() -> None:
    assert planned((OLD,), accept_shrink=True).baseline is None


def test_a_client_nobody_knows_has_no_pin_and_a_probe_makes_no_archive() -> None:
    plan = plan_run(one(), Operation.PROBE, run_id="x", now=NOON, appliance_id="us")

    assert plan.repository_id is None
    assert plan.archive_name == ""


def test_a_mount_is_planned_without_a_host() -> None:
    client = mounted('marker = "/.here"\nread_all = true')

    plan = plan_run(client, Operation.CREATE, run_id="x", now=NOON, appliance_id="us")

    assert (plan.method, plan.host, plan.marker, plan.read_all) == ("mount", "", "/.here", True)
