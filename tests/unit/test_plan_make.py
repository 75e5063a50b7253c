"""What a run will do, from configuration and journal."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from appliance.config.load import MAIN, parse
from appliance.config.model import Reach
from appliance.errors import StateError
from appliance.plan.make import plan_run
from appliance.plan.run_plan import Baseline, Hop, KnownArchive, PlannedHook, RunPlan
from appliance.record import KnownRepository, LedgerEntry, Operation
from tests.clients import METHODS, ON_THE_CLIENT, client_of, pair_works, written
from tests.house import NOON, archive, history, mounted, one, record, repository

OLD = LedgerEntry(client="web1", archive=archive(number=1, files=100), run_id="a")
NEW = LedgerEntry(client="web1", archive=archive(number=2, files=120), run_id="b")
GB = 10**9
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


def test_an_archive_dated_ahead_of_the_clock_is_no_baseline_while_there_is_another() -> None:
    misdated = replace(NEW, archive=replace(NEW.archive, started=NOON.replace(year=2035)))

    found, alone = planned((OLD, misdated)).baseline, planned((misdated,)).baseline

    assert found is not None
    assert alone is not None
    assert (found.files, alone.files) == (100, 120)


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


def plan_of(method: str, reach: str = "direct", extra: str = "", **more: Any) -> RunPlan:
    client = client_of(method, reach, extra)
    return plan_run(client, Operation.CREATE, run_id="x", now=NOON, appliance_id="us", **more)


@pytest.mark.parametrize(("method", "reach"), [pair for pair in product(METHODS, Reach) if pair_works(*pair)])
def test_the_plan_of_any_method_and_reach_survives_its_way_into_the_container(method: str, reach: str) -> None:
    plan = plan_of(method, reach, ledger=(OLD, NEW), room=5)

    assert (plan.method, plan.reach) == (method, reach)
    assert RunPlan.from_json(plan.to_json()) == plan


def test_a_plan_carries_the_way_the_hooks_and_the_ledger_into_the_container() -> None:
    extra = """reach = "jump"
jump = ["john@inter", "kate@[fd00::1]:2222"]
before = ["stop", { command = "dump", timeout = "1h", on_failure = "warn" }]
after = [{ command = "start", timeout = "10s" }]
dedicated_key = true
"""

    plan = RunPlan.from_json(plan_of("ssh-agent", extra=extra, ledger=(OLD, NEW)).to_json())

    assert plan.jump == (Hop(host="inter", port=22, user="john"), Hop(host="fd00::1", port=2222, user="kate"))
    assert (plan.callback, plan.dedicated_key) == (Hop(host="nas.lan", port=2222), True)
    assert plan.before == (
        PlannedHook(command="stop", timeout=300, must_work=True),
        PlannedHook(command="dump", timeout=3600, must_work=False),
    )
    assert plan.after == (PlannedHook(command="start", timeout=10, must_work=True),)
    assert [(known.name, known.id) for known in plan.known] == [
        (OLD.archive.name, OLD.archive.id),
        (NEW.archive.name, NEW.archive.id),
    ]
    assert all(isinstance(known, KnownArchive) for known in plan.known)


def test_a_stream_is_planned_with_its_command_and_without_paths() -> None:
    stream = 'stream = { command = "pg_dumpall", name = "postgres.sql" }'
    text = written("socat").replace('paths = ["/"]', stream)

    plan = plan_run(parse({MAIN: text}, {}).clients[0], Operation.CREATE, run_id="x", now=NOON, appliance_id="us")

    assert (plan.stream_command, plan.stream_name, plan.paths) == ("pg_dumpall", "postgres.sql", ())


@pytest.mark.parametrize("method", ["sshfs", "socat", "remote-forward"])
def test_a_run_through_the_gateway_connects_to_its_own_loopback(method: str) -> None:
    plan = plan_of(method, "dial-in", tunnel_port=20001)

    assert (plan.host, plan.port) == ("127.0.0.1", 20001)


@pytest.mark.parametrize("method", ON_THE_CLIENT)
def test_a_client_that_writes_may_fill_what_its_quota_says_and_nothing_else(method: str) -> None:
    assert plan_of(method, extra='quota = "1G"', room=5).storage_quota == 10**9


@pytest.mark.parametrize("method", ON_THE_CLIENT)
def test_a_client_without_quota_may_fill_the_volume_down_to_its_floor(method: str) -> None:
    known = history(replace(record(), repository=replace(repository(), disk_size=5 * GB)))

    assert plan_of(method, history=known, room=GB).storage_quota == 6 * GB
    assert plan_of(method, history=known, room=-GB).storage_quota == 5 * GB
    assert plan_of(method, room=GB).storage_quota == GB
    assert plan_of(method).storage_quota is None


@pytest.mark.parametrize("room", [-GB, 0, 1])
def test_a_volume_without_room_never_means_a_client_without_bounds(room: int) -> None:
    # Borg takes no quota below that, and none at all would be no bound.
    assert plan_of("socat", room=room).storage_quota == 10_000_000


def test_where_borg_runs_here_there_is_no_quota_for_the_client() -> None:
    assert plan_of("sshfs", room=5).storage_quota is None
    assert plan_of("mount", room=5).storage_quota is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"jump": 3}', '{"callback": "nas.lan:2222"}'])
def test_what_is_no_plan_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(StateError, match=r"^the run plan cannot be read"):
        RunPlan.from_json(text)


@pytest.mark.parametrize("method", METHODS)
def test_every_repository_is_bounded_by_its_quota_and_by_the_room_that_is_to_stay(method: str) -> None:
    assert plan_of(method, extra='quota = "1G"', reserve=2 * GB).quota == 10**9
    assert (plan_of(method, reserve=2 * GB).reserve, plan_of(method).quota) == (2 * GB, 0)
    # Borg takes no reserve below ten million bytes.
    assert plan_of(method, reserve=10**6).reserve == 0
