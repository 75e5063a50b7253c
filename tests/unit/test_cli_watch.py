"""`borgpull status --watch`: what is drawn, how fast a run is said to be, and how it ends."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from appliance.cli.client_states import ClientStatus
from appliance.cli.live_status import watch
from appliance.cli.pace import LiveRun, Paces
from appliance.cli.present_live import STRIP_DAYS, Scene, live_page
from appliance.cli.status import look
from appliance.plan.days import Day
from appliance.record import Operation, Outcome, Progress, Reason, RunRecord
from tests.cli_world import CliWorld
from tests.house import NOON, archive, record, repository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MIB = 1 << 20


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path)


def read(megabytes: int, seconds: float, step: str = "create", total: int = 0) -> Progress:
    at = NOON + timedelta(seconds=seconds)
    return Progress(step=step, files=3, original_size=megabytes * _MIB, total_size=total * _MIB, updated=at)


def looked(*looks: Progress | None, expected: int | None = 100) -> LiveRun:
    paces, run = Paces(), record(None)
    told: tuple[LiveRun, ...] = ()
    for one in looks:
        told = paces.look([(run, one, expected and expected * _MIB)])
    return told[0]


def drawn(scene: Scene, height: int = 40, width: int = 120) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False, highlight=False)
    with console.capture() as captured:
        console.print(live_page(scene, width, height))
    return [line.rstrip() for line in captured.get().splitlines()]


def scene(*runs: LiveRun, count: int = 1, **changes: object) -> Scene:
    known = tuple(ClientStatus(client=f"web{number}", method="sshfs", state="ok") for number in range(1, count + 1))
    made = Scene(now=NOON + timedelta(minutes=1), headlines=(), runs=runs, statuses=known, days={})
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name the fields they change


def test_the_rate_is_that_between_the_looks() -> None:
    run = looked(read(10, 0), read(30, 10))

    assert run.rate == 2 * _MIB
    assert run.remaining == timedelta(seconds=35)


def test_only_the_last_seconds_count_so_that_the_estimate_follows() -> None:
    run = looked(read(0, 0), read(50, 5), read(51, 15), read(52, 25))

    assert run.rate == pytest.approx(0.1 * _MIB)


def test_a_look_at_the_same_progress_changes_nothing() -> None:
    assert looked(read(10, 0), read(30, 10), read(30, 10)).rate == 2 * _MIB


@pytest.mark.parametrize("looks", [(None,), (read(10, 0),), (read(0, 0, "connect"), read(0, 5, "connect"))])
def test_before_two_looks_at_moving_numbers_no_rate_is_claimed(looks: tuple[Progress | None, ...]) -> None:
    run = looked(*looks)

    assert (run.rate, run.remaining) == (None, None)


def test_no_end_is_in_sight_for_a_first_run_or_one_that_reads_more_than_the_last() -> None:
    assert looked(read(10, 0), read(30, 10), expected=None).remaining is None
    assert looked(read(10, 0), read(30, 10), expected=20).remaining is None
    assert looked(read(10, 0), read(10, 10)).remaining is None


def test_what_a_restore_knows_of_its_size_goes_before_what_is_expected() -> None:
    assert looked(read(10, 0, total=50), read(30, 10, total=50)).remaining == timedelta(seconds=10)


def test_runs_that_ended_are_forgotten() -> None:
    paces = Paces()
    paces.look([(record(None), read(10, 0), None)])
    paces.look([])

    (run,) = paces.look([(record(None), read(30, 10), None)])

    assert run.rate is None


def test_a_run_is_drawn_with_its_bar_rate_and_estimate() -> None:
    line = drawn(scene(looked(read(10, 0), read(30, 10))))[1]

    assert line.startswith("web1")
    for said in ("30.0 %", "30.0 MiB of 100.0 MiB", "2.0 MiB/s", "about 35 s", "create: reading, 3 files (1 min)"):
        assert said in line


def test_a_run_that_has_just_begun_is_drawn_without_numbers() -> None:
    line = drawn(scene(looked(None)))[1]

    assert "create: starting" in line
    assert " of " not in line


def test_the_last_days_and_the_next_runs_are_drawn() -> None:
    days = {"web1": (Day(number=28, outcomes={Outcome.FAILED: 1}), Day(number=29, outcomes={Outcome.SUCCESS: 1}))}
    status = ClientStatus(client="web1", method="sshfs", state="ok", next_run=NOON + timedelta(minutes=6))

    lines = drawn(scene(days=days, statuses=(status,)))

    assert lines[0] == "Nothing runs."
    assert "Next: web1 in 5 min" in lines
    assert any("·" * 28 + "x█" in line for line in lines)


def test_what_is_wrong_is_on_the_screen_although_not_all_have_room() -> None:
    many = scene(count=50)
    wrong = ClientStatus(client="broken", method="sshfs", state="failing", last_reason="auth", last_outcome="failed")

    lines = drawn(replace(many, statuses=(*many.statuses, wrong)), height=24)

    assert len(lines) <= 24
    assert any(line.startswith("broken") and "failing (auth)" in line for line in lines)
    assert any("more: `borgpull status`" in line for line in lines)


@pytest.mark.parametrize("width", [80, 100])
def test_a_narrow_terminal_shows_every_number_and_fewer_days(width: int) -> None:
    status = ClientStatus(
        client="web1", method="sshfs", state="failing", last_reason="host_key", last_success=NOON - timedelta(hours=30),
        next_run=NOON + timedelta(minutes=700), repository_bytes=123 * _MIB,
    )  # fmt: skip

    lines = drawn(scene(looked(read(10, 0), read(30, 10)), statuses=(status,)), width=width)

    assert "30.0 MiB of 100.0 MiB" in lines[1]
    assert "2.0 MiB/s  about 35 s  cr" in lines[1]
    (line,) = [line for line in lines[2:] if line.startswith("web1")]
    assert "failing (host_key)" in line
    assert line.endswith("1 d 6 h ago  in 11 h 39 min  123.0 MiB")
    assert "·······" in line


def test_text_of_a_client_cannot_reach_the_terminal() -> None:
    run = looked(Progress(step="\x1b[2J", files=1, updated=NOON))

    assert "\x1b" not in "".join(drawn(scene(run)))


class Terminal:
    """Watches a house on a terminal of its own; each wait of the loop does the next of `meanwhile`, then Ctrl-C."""

    def __init__(self, world: CliWorld) -> None:
        self.world = world
        self.output = io.StringIO()

    def watch(self, *meanwhile: Callable[[], object]) -> str:
        self.world.meanwhile = [*meanwhile, _interrupt]
        console = Console(file=self.output, force_terminal=True, width=120, height=40, highlight=False)
        around, store = self.world.surroundings(), self.world.journal
        watch(around, console, lambda: look(around, store, ()))
        return self.output.getvalue()


def _interrupt() -> None:
    raise KeyboardInterrupt


def finished(started: timedelta, outcome: Outcome = Outcome.SUCCESS) -> RunRecord:
    run = record(
        outcome, Reason.AUTH if outcome is Outcome.FAILED else None, started=NOON - started, run_id=str(started)
    )
    return replace(run, archive=archive(), repository=repository())


def test_watching_draws_each_second_until_the_keyboard_ends_it_and_leaves_the_screen(world: CliWorld) -> None:
    world.journal.set_fact("next_runs", json.dumps({"web1": "2026-11-22T12:30:00+00:00"}))

    shown = Terminal(world).watch(lambda: world.clock.advance(timedelta(minutes=1)))

    assert "web1 in 30 min" in shown
    assert "web1 in 29 min" in shown
    assert shown.rstrip("\x1b[?25h").count("\x1b[?1049h") == shown.count("\x1b[?1049l") == 1


def test_a_run_that_ends_meanwhile_is_in_the_strip(world: CliWorld) -> None:
    world.journal.finish(finished(timedelta(days=1), Outcome.FAILED))

    shown = Terminal(world).watch(lambda: world.journal.finish(finished(timedelta(hours=1))))

    assert "x" in shown
    assert "█" in shown.replace("█ good", "")


def test_a_run_in_progress_is_watched_with_what_the_last_one_read(world: CliWorld) -> None:
    world.journal.finish(finished(timedelta(days=1)))
    world.journal.begin(record(None, run_id="now"))
    world.journal.progress("now", Progress(step="create", files=1, original_size=25_000, updated=NOON))

    shown = Terminal(world).watch(
        lambda: world.journal.progress(
            "now", Progress(step="create", original_size=50_000, updated=NOON + timedelta(seconds=5))
        )
    )

    assert "24.4 KiB of 97.7 KiB" in shown
    assert "4.9 KiB/s" in shown
    assert "about 10 s" in shown


def test_a_run_that_is_no_pull_is_shown_too(world: CliWorld) -> None:
    world.journal.begin(record(None, operation=Operation.PRUNE))

    assert "prune: starting" in Terminal(world).watch()


def test_there_is_one_character_for_each_day() -> None:
    (line,) = [line for line in drawn(scene()) if line.startswith("web1")]

    assert line.count("·") == STRIP_DAYS
