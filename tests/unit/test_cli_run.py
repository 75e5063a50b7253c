from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.record import Operation, Outcome, Progress, Reason, RequestKind, RunRecord
from tests.cli_world import CliWorld
from tests.house import archive, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


def ending(world: CliWorld, *records: RunRecord) -> list[Callable[[], object]]:
    """Return what a supervisor does: begin the runs that are asked for, tell progress, end them."""

    def begin() -> None:
        for request, one in zip(world.journal.open_requests(), records, strict=True):
            world.journal.begin(replace(one, finished=None, outcome=None))
            world.journal.answer(request.request_id, run_id=one.run_id)

    def tell() -> None:
        for one in records:
            world.journal.progress(one.run_id, Progress(step="create", files=7, original_size=10, path="a\x1b[31mb"))

    def finish() -> None:
        for one in records:
            world.journal.finish(one)

    return [begin, tell, finish]


def test_a_good_run_ends_with_zero_and_names_its_archive(world: CliWorld) -> None:
    world.meanwhile = ending(world, replace(record(), archive=archive()))

    shown = world.run("run", "web1")

    assert shown.code == 0
    assert "web1: success, create took 10 min" in shown.out
    assert "web1-2026-11-22T12:00:00: 100 files, 97.7 KiB, 9.8 KiB of it new" in shown.out


def test_progress_goes_to_standard_error_and_obeys_no_escape_of_a_client(world: CliWorld) -> None:
    world.meanwhile = ending(world, record())

    shown = world.run("run", "web1")

    assert "web1: reading: 7 files" in shown.err
    assert "a\\x1b[31mb" in shown.err
    assert "\x1b" not in shown.err + shown.out


def test_json_is_the_only_thing_on_standard_output(world: CliWorld) -> None:
    world.meanwhile = ending(world, record())

    shown = world.run("run", "web1", "--json")

    assert (shown.data[0]["client"], shown.data[0]["outcome"], shown.err) == ("web1", "success", "")


def test_the_exit_code_is_that_of_the_worst_outcome(world: CliWorld) -> None:
    failed = replace(record(Outcome.FAILED, Reason.STALLED, client="media", run_id="run-2"), message="It stalled.")
    world.meanwhile = ending(world, record(), failed)

    shown = world.run("run", "web1", "media")

    assert shown.code == 3
    assert "media: failed (stalled)" in shown.out
    assert "It stalled." in shown.out


def test_warnings_are_named_up_to_ten(world: CliWorld) -> None:
    warned = replace(
        record(Outcome.WARNING, Reason.UNREADABLE),
        warnings=tuple(f"/etc/{number}: permission denied" for number in range(12)),
        warning_count=30,
    )
    world.meanwhile = ending(world, warned)

    shown = world.run("run", "web1")

    assert shown.code == 1
    assert "! /etc/9: permission denied" in shown.out
    assert "/etc/10:" not in shown.out
    assert "! and 20 more" in shown.out


def test_without_a_supervisor_nothing_is_asked_and_it_ends_at_once(world: CliWorld) -> None:
    world.clock.advance(timedelta(minutes=1))

    shown = world.run("run", "web1")

    assert shown.code == 8
    assert "docker compose up -d" in shown.err
    assert not world.journal.open_requests()


def test_a_supervisor_that_goes_away_ends_the_watching(world: CliWorld) -> None:
    world.meanwhile = [lambda: world.clock.advance(timedelta(minutes=1))]

    assert world.run("run", "web1").code == 8


def test_a_refusal_is_printed_and_counts_as_skipped(world: CliWorld) -> None:
    world.meanwhile = [lambda: world.journal.answer(1, refusal="web1 is running already")]

    shown = world.run("run", "web1")

    assert (shown.code, shown.out) == (5, "web1: refused: web1 is running already\n")


def test_who_asks_for_what_is_running_already_watches_that_run(world: CliWorld) -> None:
    world.journal.begin(record(None))
    later = replace(record(), finished=record().started + timedelta(hours=1))
    world.meanwhile = [
        lambda: world.journal.answer(1, refusal="web1 is running already"),
        lambda: world.journal.finish(later),
    ]

    shown = world.run("run", "web1")

    assert (shown.code, shown.out) == (0, "web1: success, create took 1 h\n")


def test_ctrl_c_stops_watching_and_says_that_the_run_goes_on(world: CliWorld) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    world.meanwhile = [interrupt]

    shown = world.run("run", "web1")

    assert shown.code == 130
    assert "borgpull stop web1" in shown.err
    assert len(world.journal.open_requests()) == 1


def test_no_wait_asks_and_returns(world: CliWorld) -> None:
    shown = world.run("run", "web1", "web1", "--no-wait", "--accept-shrink")

    (request,) = world.journal.open_requests()
    assert shown.code == 0
    assert (request.client, request.operation, request.accept_shrink) == ("web1", Operation.CREATE, True)


def test_a_probe_is_a_run_of_the_operation_probe(world: CliWorld) -> None:
    world.meanwhile = ending(world, record(operation=Operation.PROBE))

    shown = world.run("client", "probe", "web1")

    request = world.journal.request(1)
    assert shown.code == 0
    assert request is not None
    assert request.operation is Operation.PROBE


def test_an_unknown_client_leaves_no_request(world: CliWorld) -> None:
    assert world.run("run", "web1", "nosuch").code == 6
    assert not world.journal.open_requests()


def test_stop_asks_and_prints_the_answer(world: CliWorld) -> None:
    world.meanwhile = [lambda: world.journal.answer(1, run_id="run-1")]

    shown = world.run("stop", "web1")

    request = world.journal.request(1)
    assert (shown.code, shown.out) == (0, "web1: stopping\n")
    assert request is not None
    assert request.kind is RequestKind.STOP


def test_stopping_what_does_not_run_is_skipped(world: CliWorld) -> None:
    world.meanwhile = [lambda: world.journal.answer(1, refusal="web1 is not running")]

    assert world.run("stop", "web1").code == 5


def test_history_lists_the_newest_first(world: CliWorld) -> None:
    world.journal.finish(record())
    later = record(Outcome.FAILED, Reason.AUTH, run_id="run-2")
    world.journal.finish(replace(later, started=later.started + timedelta(days=1)))

    assert [run["run_id"] for run in world.run("history", "web1", "--json").data] == ["run-2", "run-1"]
    assert "failed (auth)" in world.run("history").out
    assert world.run("history", "nosuch").code == 6


def test_history_says_what_listed_the_files_where_anything_did(world: CliWorld) -> None:
    world.journal.finish(record())
    before = world.run("history", "web1").out
    world.journal.finish(replace(record(run_id="run-2"), listed_by="SFTP"))

    assert "LISTED BY" not in before
    assert "LISTED BY" in world.run("history", "web1").out
    assert {run["listed_by"] for run in world.run("history", "web1", "--json").data} == {None, "SFTP"}
