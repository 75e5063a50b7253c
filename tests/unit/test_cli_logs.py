"""`borgpull logs`: which run is meant, what is shown of it, and how it ends when there is nothing to show."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.errors import EngineError
from appliance.plan.container import container_spec
from appliance.plan.events import Note, write
from appliance.plan.log_line import LogLine
from appliance.plan.make import plan_run
from appliance.ports import SaidLine
from appliance.record import Operation, Outcome, Progress, Reason
from tests.cli_world import CliWorld
from tests.fakes import Script
from tests.house import NOON, house, record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.record import RunRecord

FIRST, SECOND, PROBE = "20261121T120000-aaaa1111", "20261122T120000-aaab2222", "20261120T120000-cccc3333"


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    """Three runs of web1, of which the logs are kept; the newest ran out of memory."""
    world = CliWorld(tmp_path)
    keep(world, record(run_id=PROBE, started=NOON - timedelta(days=2), operation=Operation.PROBE), "probed")
    keep(world, record(run_id=FIRST, started=NOON - timedelta(days=1)), "first")
    failed = record(Outcome.FAILED, Reason.OUT_OF_MEMORY, run_id=SECOND)
    keep(world, replace(failed, message="raise `memory`"), "step create")
    return world


def keep(world: CliWorld, run: RunRecord, *messages: str) -> None:
    lines = [
        LogLine(time=run.started, level="info", client=run.client, run=run.run_id, logger="pull", message=message)
        for message in messages
    ]
    world.logs.keep(run.client, run.run_id, [line.json() for line in lines], newest=10)
    world.journal.finish(run)


def in_progress(world: CliWorld, *texts: str) -> None:
    """Let a run of web1 be in progress whose container says that."""
    run = record(None, run_id="run-9", started=NOON + timedelta(hours=1))
    world.journal.begin(run)
    world.engine.play = lambda _spec: Script(lines=texts, hangs=True)
    client = house("web1").clients[0]
    plan = plan_run(client, "create", run_id="run-9", now=NOON, appliance_id="the-appliance")
    world.engine.start(container_spec(client, plan, house("web1").settings))


def ends(world: CliWorld) -> None:
    world.engine.end("borgpull-web1", 0)
    world.journal.finish(record(run_id="run-9", started=NOON + timedelta(hours=1)))


def test_the_newest_run_is_shown_and_how_it_ended(world: CliWorld) -> None:
    shown = world.run("logs", "web1")

    assert shown.code == 0
    assert shown.out.splitlines() == [
        f"2026-11-22T12:00:00.000Z INFO    client=web1 run={SECOND} step create",
        f"2026-11-22T12:10:00.000Z WARNING client=web1 run={SECOND} failed (out_of_memory) raise `memory`",
    ]
    assert shown.err == ""


@pytest.mark.parametrize("run", [FIRST, "aaaa1111", "aaaa", "20261121"])
def test_a_run_can_be_named_by_its_id_or_by_enough_of_it(world: CliWorld, run: str) -> None:
    assert f"run={FIRST} first" in world.run("logs", "web1", run).out


def test_the_newest_run_of_an_operation_can_be_asked_for(world: CliWorld) -> None:
    assert "probed" in world.run("logs", "web1", "--operation", "probe").out
    assert world.run("logs", "web1", "--operation", "prune").code == 6


def test_for_programs_each_line_is_an_object_with_client_and_run(world: CliWorld) -> None:
    lines = [json.loads(line) for line in world.run("logs", "web1", "--json").out.splitlines()]

    assert {(line["client"], line["run"]) for line in lines} == {("web1", SECOND)}
    assert [line["logger"] for line in lines] == ["pull", "supervisor"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("wbe1",), "there is no client 'wbe1' in the configuration. Did you mean 'web1'?"),
        (("media",), "media has had no run yet."),
        (("web1", "aaaa1112"), "web1 has had no run 'aaaa1112'. Did you mean 'aaaa1111' or 'aaab2222'?"),
        (("web1", "aaa"), "'aaa' fits several runs of web1"),
    ],
)
def test_what_is_not_there_is_a_sentence_with_what_is_near(
    world: CliWorld, words: tuple[str, ...], sentence: str
) -> None:
    shown = world.run("logs", *words)

    assert (shown.code, shown.out) == (6, "")
    assert sentence in shown.err


def test_a_run_whose_log_is_not_kept_says_so_and_how_it_ended(world: CliWorld) -> None:
    world.journal.finish(record(Outcome.SKIPPED, Reason.BUSY, run_id="run-8", started=NOON + timedelta(hours=1)))

    shown = world.run("logs", "web1")

    assert (shown.code, shown.out) == (6, "")
    assert "no log of the run run-8 of web1 is kept" in shown.err
    assert "It ended so: skipped (busy)" in shown.err


def test_a_client_that_left_the_configuration_keeps_its_logs(world: CliWorld) -> None:
    world.configure("")

    assert world.run("logs", "web1").code == 0


def test_of_a_run_in_progress_that_is_shown_which_was_said_so_far(world: CliWorld) -> None:
    in_progress(world, write(Progress(step="connect")), write(Note(level="info", message="hello")))

    shown = world.run("logs", "web1")

    assert [line.partition(" client=")[2] for line in shown.out.splitlines()] == [
        "web1 run=run-9 step connect",
        "web1 run=run-9 hello",
    ]
    assert "`borgpull logs web1 --follow`" in shown.err


def test_a_followed_run_is_shown_to_its_end(world: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    in_progress(world, write(Note(level="info", message="hello")))
    said = world.engine.said

    def ends_when_all_is_said(name: str, *, follow: bool = False) -> Iterator[SaidLine]:
        assert follow
        yield from said(name)
        ends(world)

    monkeypatch.setattr(world.engine, "said", ends_when_all_is_said)

    shown = world.run("logs", "web1", "-f")

    assert [line.partition(" run=run-9 ")[2] for line in shown.out.splitlines()] == ["hello", "success"]
    assert (shown.code, shown.err) == (0, "")


def test_what_was_said_behind_a_break_comes_from_the_file_and_nothing_twice(
    world: CliWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_progress(world, "one", "two", "three")

    def breaks_off(_name: str, *, follow: bool = False) -> Iterator[SaidLine]:
        assert follow
        yield SaidLine(text="one")
        raise EngineError("cut")

    def ends_unheard() -> None:
        keep(world, record(run_id="run-9", started=NOON + timedelta(hours=1)), "one", "two", "three")

    monkeypatch.setattr(world.engine, "said", breaks_off)
    world.meanwhile = [lambda: None, ends_unheard]

    shown = world.run("logs", "web1", "--follow")

    assert [line.partition(" run=run-9 ")[2] for line in shown.out.splitlines()] == ["one", "two", "three", "success"]


def test_an_engine_that_stays_away_ends_the_following(world: CliWorld) -> None:
    in_progress(world)
    world.engine.outage = "the engine is down"
    world.meanwhile = [lambda: None] * 100

    shown = world.run("logs", "web1", "--follow")

    assert shown.code == 7
    assert "the engine is down" in shown.err


def test_nobody_waits_for_an_end_that_nobody_records(world: CliWorld) -> None:
    world.journal.begin(record(None, run_id="run-9", started=NOON + timedelta(hours=1)))
    world.clock.advance(timedelta(hours=1))

    assert world.run("logs", "web1", "--follow").code == 8


def test_a_damaged_log_says_so(world: CliWorld) -> None:
    world.logs.keep("web1", SECOND, ["{", "not a line"], newest=10)

    assert "2 lines of this log are damaged and left out" in world.run("logs", "web1").out


def test_history_says_which_runs_have_a_log(world: CliWorld) -> None:
    world.journal.finish(record(Outcome.SKIPPED, Reason.BUSY, run_id="run-8", started=NOON + timedelta(hours=1)))

    page = world.run("history", "web1").out.splitlines()

    assert [line.split()[-1] for line in page] == ["LOG", "-", "aaab2222", "aaaa1111", "cccc3333"]
    assert [run["log"] for run in world.run("history", "--json").data] == [False, True, True, True]
