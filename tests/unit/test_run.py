"""One run against fakes: what is recorded, what counts, and what is left behind."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.errors import EngineError
from appliance.plan.container import container_spec
from appliance.plan.events import ListedArchive, Note, write
from appliance.plan.gates import Refusal
from appliance.plan.make import plan_run
from appliance.record import Outcome, Progress, Reason, RunRecord
from appliance.run import Order, Watch, follow, run
from tests.clients import client_of
from tests.fakes import Script
from tests.house import NOON, archive, bad, good, mounted, one, record, repository
from tests.supervised import FINE, World, success, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.config.model import Client
    from appliance.ports import ContainerSpec

NAME = "borgpull-web1"


class Trial:
    """One run in a world of its own."""

    def __init__(self, script: Script | None = None, client: Client | None = None) -> None:
        self.world = World(play=success if script is None else lambda _spec: script)
        self.closing = threading.Event()
        self.desk = self.world.desk(self.closing)
        self.record = replace(record(None), client=(client or one()).name)
        self.client = client or one()
        name = f"borgpull-{self.client.name}"
        self.watch = Watch(record=self.record, container=name, deadline=NOON + timedelta(hours=1))

    def run(self) -> RunRecord:
        self.world.journal.begin(self.record)
        order = Order(client=self.client, settings=self.world.appliance.settings, appliance_id="us", watch=self.watch)
        ended = run(self.desk, order)
        assert ended is not None
        assert self.world.journal.run(ended.run_id) == ended
        return ended

    def spec(self, run_id: str = "run-0", appliance_id: str = "us") -> ContainerSpec:
        plan = plan_run(self.client, "create", run_id=run_id, now=NOON, appliance_id=appliance_id)
        return container_spec(self.client, plan, self.world.appliance.settings)

    @property
    def containers(self) -> int:
        return len(self.world.engine.ours("us"))


def test_a_good_run_is_recorded_with_its_archive_and_leaves_no_container() -> None:
    trial = Trial()

    ended = trial.run()

    assert (ended.outcome, ended.reason) == (Outcome.SUCCESS, None)
    assert ended.archive == archive()
    assert [entry.archive for entry in trial.world.journal.archives("web1")] == [archive()]
    assert trial.world.journal.repository("web1") is not None
    assert trial.containers == 0


def test_archives_that_the_ledger_missed_are_completed_without_sizes() -> None:
    lost = ListedArchive(name="web1-2026-11-21T12:00:00", id="ff" * 32, started=NOON - timedelta(days=1))
    own = ListedArchive(name=archive().name, id=archive().id, started=NOON)
    trial = Trial(Script(lines=(write(good("web1", 1, lost, own)),)))

    trial.run()

    entries = trial.world.journal.archives("web1")
    assert [(entry.archive.name, entry.archive.original_size) for entry in entries] == [
        (lost.name, 0),
        (archive().name, archive().original_size),
    ]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (Script(lines=(write(bad(Reason.UNREACHABLE)),), exit_code=3), (Outcome.FAILED, Reason.UNREACHABLE)),
        (Script(lines=(write(good()),), exit_code=1), (Outcome.FAILED, Reason.INTERNAL)),
        (Script(exit_code=0), (Outcome.FAILED, Reason.INTERNAL)),
        (Script(lines=("Traceback",), exit_code=70), (Outcome.FAILED, Reason.INTERNAL)),
        (Script(exit_code=137), (Outcome.INTERRUPTED, Reason.KILLED)),
        (Script(exit_code=137, out_of_memory=True), (Outcome.FAILED, Reason.OUT_OF_MEMORY)),
        (Script(lines=(write(bad(Reason.AUTH)), write(good()))), (Outcome.FAILED, Reason.AUTH)),
        (Script(lines=(write(replace(good(), archive=None)),)), (Outcome.FAILED, Reason.INTERNAL)),
    ],
)
def test_a_run_that_did_not_fully_work_is_no_success_and_adds_nothing_to_the_ledger(
    script: Script, expected: tuple[Outcome, Reason]
) -> None:
    trial = Trial(script)

    ended = trial.run()

    assert (ended.outcome, ended.reason) == expected
    assert ended.archive is None
    assert ended.repository is None
    assert trial.world.journal.archives("web1") == []
    assert trial.containers == 0


def test_an_archive_in_another_repository_than_the_pinned_one_does_not_count() -> None:
    first = Trial()
    first.run()
    second = replace(good(), repository=repository(8), archive=archive(number=2))
    first.world.engine.play = lambda _spec: Script(lines=(write(second),))
    first.record = replace(first.record, run_id="run-2")
    first.watch = replace(first.watch, record=first.record, result=None, lines_heard=0)
    first.world.volumes.ground = replace(FINE, marker="us", has_repository=True)

    ended = first.run()

    assert (ended.outcome, ended.reason) == (Outcome.FAILED, Reason.INTERNAL)
    assert len(first.world.journal.archives("web1")) == 1


def test_a_gate_that_refuses_lets_nothing_start() -> None:
    trial = Trial()
    trial.world.volumes.ground = replace(FINE, has_known_hosts=False)

    ended = trial.run()

    assert (ended.outcome, ended.reason) == (Outcome.FAILED, Reason.HOST_KEY)
    assert "borgpull client trust web1" in ended.message
    assert trial.world.engine.started == []
    assert trial.world.volumes.plans == []


def test_volumes_that_cannot_be_prepared_let_nothing_start() -> None:
    trial = Trial()
    trial.world.volumes.refusal = Refusal(reason=Reason.NO_SPACE, sentence="full")

    assert trial.run().reason is Reason.NO_SPACE
    assert trial.world.engine.started == []


def test_a_port_that_somebody_else_published_is_a_callback_that_fails() -> None:
    trial = Trial(client=client_of("ssh-agent"))
    taker = replace(trial.spec(), name="somebody-else")
    trial.world.engine.play = lambda _spec: Script(hangs=True)
    trial.world.engine.start(taker)

    ended = trial.run()

    assert (ended.outcome, ended.reason) == (Outcome.FAILED, Reason.CALLBACK)
    assert "port 2222 of the Docker host is taken" in ended.message
    assert "another port" in ended.message


def test_no_fuse_on_the_host_is_said_so() -> None:
    trial = Trial()
    trial.world.engine.devices.clear()

    assert trial.run().reason is Reason.FUSE


def test_an_engine_that_refuses_is_said_so() -> None:
    ended = Trial(client=mounted(source='volume = "photos"')).run()

    assert (ended.outcome, ended.reason) == (Outcome.FAILED, Reason.ENGINE)
    assert "photos" in ended.message


def test_while_an_earlier_run_holds_the_lock_the_new_one_is_skipped() -> None:
    trial = Trial(Script(hangs=True))
    trial.world.engine.start(trial.spec())

    ended = trial.run()

    assert (ended.outcome, ended.reason) == (Outcome.SKIPPED, Reason.BUSY)
    assert trial.containers == 1
    trial.world.engine.remove(NAME)


def test_a_stranger_with_the_name_is_a_failure_that_says_so() -> None:
    trial = Trial(Script(hangs=True))
    trial.world.engine.start(trial.spec(appliance_id="them"))

    ended = trial.run()

    assert (ended.outcome, ended.reason) == (Outcome.FAILED, Reason.ENGINE)
    assert "not of this appliance" in ended.message
    trial.world.engine.remove(NAME)


def test_a_start_whose_answer_was_lost_is_followed_all_the_same() -> None:
    trial = Trial()
    start = trial.world.engine.start

    def start_and_lose_the_answer(spec: ContainerSpec) -> None:
        start(spec)
        raise EngineError("the engine hung up")

    trial.world.engine.start = start_and_lose_the_answer  # type: ignore[method-assign]  # this one engine hangs up

    assert trial.run().outcome is Outcome.SUCCESS


def test_a_broken_stream_is_taken_up_again_and_nothing_is_told_twice() -> None:
    lines = (write(Note(level="info", message="hello")), write(good()))
    trial = Trial(Script(lines=lines, hangs=True))
    heard = trial.world.engine.lines
    streams = 0

    def breaks_once(name: str) -> Iterator[str]:
        nonlocal streams
        streams += 1
        if streams == 1:
            yield lines[0]
            return
        if streams == 2:
            yield from lines
            trial.world.engine.end(name, 0)
            return
        yield from heard(name)

    trial.world.engine.lines = breaks_once  # type: ignore[method-assign]  # this one engine breaks a stream

    assert trial.run().outcome is Outcome.SUCCESS
    assert streams == 2
    assert [note.message for _, note in trial.world.notes] == ["hello", "success"]


def test_a_last_word_behind_the_break_of_the_stream_is_still_heard() -> None:
    trial = Trial()
    heard = trial.world.engine.lines
    streams = iter([iter(()), None])

    def breaks_at_once(name: str) -> Iterator[str]:
        return next(streams) or heard(name)

    trial.world.engine.lines = breaks_at_once  # type: ignore[method-assign]  # this one engine breaks a stream

    assert trial.run().outcome is Outcome.SUCCESS


def test_a_container_whose_output_cannot_be_read_at_all_is_a_failure_in_the_end() -> None:
    trial = Trial()

    def refuses(name: str) -> Iterator[str]:
        raise EngineError(f"the output of {name} is damaged")

    trial.world.engine.lines = refuses  # type: ignore[method-assign]  # this one engine has lost the log

    ended = trial.run()

    assert (ended.outcome, ended.reason) == (Outcome.FAILED, Reason.ENGINE)
    assert "the engine did not let its last word be read: the output of" in ended.message
    assert trial.containers == 0


def test_progress_is_kept_at_most_every_one_and_a_half_seconds() -> None:
    steps = tuple(write(Progress(step="create", files=number)) for number in (1, 2, 3))
    trial = Trial(Script(lines=(*steps, write(good())), hangs=True))
    ended: list[RunRecord] = []
    worker = threading.Thread(target=lambda: ended.append(trial.run()))

    worker.start()
    until(lambda: trial.watch.result is not None)

    kept = trial.world.journal.progress_of("run-1")
    assert kept is not None
    assert kept.files == 1
    trial.world.engine.end(NAME, 0)
    worker.join(10)
    assert ended[0].outcome is Outcome.SUCCESS


def test_an_engine_that_is_lost_leaves_the_run_unfinished_when_the_supervisor_closes() -> None:
    trial = Trial()
    trial.world.journal.begin(trial.record)
    trial.world.engine.outage = "the engine is down"
    trial.closing.set()

    assert follow(trial.desk, trial.watch) is None
    assert [each.run_id for each in trial.world.journal.unfinished()] == ["run-1"]
    assert len(trial.world.notes) == 1


def test_a_container_that_somebody_removed_is_an_interrupted_run() -> None:
    trial = Trial()
    trial.world.journal.begin(trial.record)

    ended = follow(trial.desk, trial.watch)

    assert ended is not None
    assert (ended.outcome, ended.reason) == (Outcome.INTERRUPTED, Reason.KILLED)


def test_another_runs_container_of_the_same_name_is_not_taken_for_ones_own() -> None:
    trial = Trial()
    trial.world.journal.begin(trial.record)
    trial.world.engine.start(trial.spec("run-9"))

    ended = follow(trial.desk, trial.watch)

    assert ended is not None
    assert ended.outcome is Outcome.INTERRUPTED
    assert trial.containers == 1


def test_a_run_stopped_before_it_began_starts_nothing() -> None:
    trial = Trial()
    trial.watch.stop_reason = Reason.STOPPED

    ended = trial.run()

    assert (ended.outcome, ended.reason) == (Outcome.INTERRUPTED, Reason.STOPPED)
    assert trial.world.engine.started == []
