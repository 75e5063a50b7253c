"""What every journal does with runs."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from appliance.edges.sqlite_journal import SqliteJournal
from appliance.ports import Standing
from appliance.record import Glance, Operation, Outcome, Progress, Reason
from tests.contract.records import START, archive, begun, ended, entry, repository

if TYPE_CHECKING:
    from tests.contract.records import Whole


def test_a_run_that_began_is_unfinished_until_it_is_finished(journal: Whole) -> None:
    journal.begin(begun())

    assert journal.unfinished() == [begun()]
    assert journal.run("r1") == begun()

    journal.finish(ended(begun(), Outcome.SUCCESS))

    assert journal.unfinished() == []
    assert journal.run("r1") == ended(begun(), Outcome.SUCCESS)


def test_unfinished_runs_come_oldest_first(journal: Whole) -> None:
    journal.begin(begun("late", after_hours=2))
    journal.begin(begun("early", client="db", after_hours=1))

    assert [run.run_id for run in journal.unfinished()] == ["early", "late"]


def test_a_record_comes_back_with_everything_it_held(journal: Whole) -> None:
    full = ended(
        begun(),
        Outcome.WARNING,
        reason=Reason.UNREADABLE,
        message="3 files could not be read",
        warnings=("etc/shadow: Permission denied", "caf\udce9: \x1b[31m"),
        warning_count=3,
        exit_code=105,
        archive=archive(1),
        repository=repository(),
        source_filesystem="fuse.pullfs",
        listed_by="find",
    )

    journal.finish(full)

    assert journal.run("r1") == full


def test_finishing_twice_keeps_the_first_end(journal: Whole) -> None:
    journal.begin(begun())
    journal.finish(ended(begun(), Outcome.SUCCESS), [entry(archive(1))])

    journal.finish(ended(begun(), Outcome.INTERRUPTED), [entry(archive(2))])

    run = journal.run("r1")
    assert run is not None
    assert run.outcome is Outcome.SUCCESS
    assert journal.last_runs()["web"].runs == 1
    assert len(journal.archives("web")) == 1


def test_a_run_nobody_began_is_recorded(journal: Whole) -> None:
    journal.finish(ended(begun(), Outcome.FAILED, reason=Reason.ENGINE))

    assert [run.run_id for run in journal.history()] == ["r1"]


def test_an_unknown_run_is_none(journal: Whole) -> None:
    assert journal.run("nobody") is None
    assert journal.progress_of("nobody") is None


def test_progress_is_kept_until_the_run_ends(journal: Whole) -> None:
    progress = Progress(step="create", files=3, original_size=9, path="caf\udce9", updated=START)
    journal.begin(begun())
    journal.progress("r1", Progress(step="connect"))
    journal.progress("r1", progress)

    assert journal.progress_of("r1") == progress

    journal.finish(ended(begun(), Outcome.SUCCESS))
    journal.progress("r1", progress)

    assert journal.progress_of("r1") is None


def test_history_is_newest_first_limited_and_by_client(journal: Whole) -> None:
    for number in range(4):
        journal.begin(begun(f"r{number}", client="db" if number == 2 else "web", after_hours=number))

    assert [run.run_id for run in journal.history(limit=3)] == ["r3", "r2", "r1"]
    assert [run.run_id for run in journal.history("web")] == ["r3", "r1", "r0"]


def test_a_client_that_never_finished_a_run_has_no_history(journal: Whole) -> None:
    journal.begin(begun())

    assert journal.last_runs() == {}


def test_the_fold_counts_runs_failures_and_bytes(journal: Whole) -> None:
    success = ended(begun("r1"), Outcome.SUCCESS, archive=archive(1))
    journal.finish(success, [entry(archive(1))])
    journal.finish(ended(begun("r2", after_hours=1), Outcome.FAILED, reason=Reason.UNREACHABLE))
    journal.finish(ended(begun("r3", after_hours=2), Outcome.INTERRUPTED, reason=Reason.KILLED))
    journal.finish(ended(begun("r4", after_hours=3), Outcome.SKIPPED, reason=Reason.NO_SPACE))

    history = journal.last_runs()["web"]
    assert history.last.run_id == "r4"
    assert history.last_success == success
    assert history.consecutive_failures == 2
    assert history.runs == 4
    assert history.failures == {"unreachable": 1, "killed": 1}
    assert history.duration_seconds == pytest.approx(1200)
    assert (history.original_bytes, history.deduplicated_bytes, history.archives) == (1000, 100, 1)


def test_a_good_run_ends_a_row_of_failures(journal: Whole) -> None:
    journal.finish(ended(begun("r1"), Outcome.FAILED, reason=Reason.AUTH))
    journal.finish(ended(begun("r2", after_hours=1), Outcome.WARNING, reason=Reason.CHANGED))

    history = journal.last_runs()["web"]
    assert history.consecutive_failures == 0
    assert history.last_success is not None
    assert history.failures == {"auth": 1}


def test_an_orphan_recorded_late_does_not_become_the_last_run(journal: Whole) -> None:
    journal.begin(begun("old"))
    journal.finish(ended(begun("new", after_hours=5), Outcome.SUCCESS))
    recorded = begun(after_hours=6).started
    journal.finish(ended(begun("old"), Outcome.INTERRUPTED, reason=Reason.KILLED, finished=recorded))

    history = journal.last_runs()["web"]
    assert history.last.run_id == "new"
    assert history.runs == 2


def test_a_run_dated_ahead_by_a_wrong_clock_is_not_the_last_one_for_years(journal: Whole) -> None:
    journal.finish(ended(begun("ahead", after_hours=100_000), Outcome.SUCCESS))
    journal.finish(ended(begun("bad", after_hours=1), Outcome.FAILED, reason=Reason.HOST_KEY))
    failed = journal.last_runs()["web"]
    journal.finish(ended(begun("good", after_hours=2), Outcome.SUCCESS))
    good = journal.last_runs()["web"]

    assert failed.last.run_id == "bad"
    assert (good.last.run_id, good.last_success and good.last_success.run_id) == ("good", "good")


def test_glances_are_the_numbers_of_finished_pulls_oldest_first(journal: Whole) -> None:
    good = ended(begun("r2", after_hours=2), Outcome.WARNING, archive=archive(1), repository=repository())
    journal.finish(good)
    journal.finish(ended(begun("r1", client="db", after_hours=1), Outcome.FAILED, reason=Reason.AUTH))
    journal.finish(ended(begun("r3", after_hours=3, operation=Operation.PRUNE), Outcome.SUCCESS))
    journal.finish(ended(begun("r0"), Outcome.SUCCESS))
    journal.begin(begun("r4", after_hours=4))

    bad, told = journal.glances(begun(after_hours=1).started)

    assert bad == Glance("db", bad.started, bad.started + timedelta(minutes=5), Outcome.FAILED)
    assert told == Glance("web", good.started, good.started + timedelta(minutes=5), Outcome.WARNING, 1000, 100, 5)
    assert told.seconds == 300


def test_good_starts_are_those_of_pulls_whose_archive_counts(journal: Whole) -> None:
    for number, outcome in enumerate((Outcome.SUCCESS, Outcome.WARNING, Outcome.FAILED, Outcome.SKIPPED)):
        journal.finish(ended(begun(f"r{number}", after_hours=number), outcome))
    journal.finish(ended(begun("r9", operation=Operation.PROBE), Outcome.SUCCESS))

    assert sorted(journal.good_starts(begun().started)) == [
        ("web", begun(after_hours=hours).started) for hours in (0, 1)
    ]
    assert list(journal.good_starts(begun(after_hours=2).started)) == []


def test_a_probe_does_not_count_as_a_create_run(journal: Whole) -> None:
    journal.finish(ended(begun(operation=Operation.PROBE), Outcome.FAILED, reason=Reason.AUTH))

    assert journal.last_runs() == {}


def test_threads_may_write_at_the_same_time(journal: Whole) -> None:
    def write(client: str) -> None:
        for number in range(10):
            record = begun(f"{client}-{number}", client=client, after_hours=number)
            journal.begin(record)
            journal.progress(record.run_id, Progress(step="create"))
            journal.finish(ended(record, Outcome.SUCCESS))
        if isinstance(journal, SqliteJournal):
            journal.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in ("web", "db", "nas")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {name: history.runs for name, history in journal.last_runs().items()} == {"web": 10, "db": 10, "nas": 10}
    assert journal.unfinished() == []


def test_each_operation_has_a_history_of_its_own(journal: Whole) -> None:
    journal.finish(ended(begun("r1"), Outcome.SUCCESS))
    journal.finish(ended(begun("r2", after_hours=1, operation=Operation.PRUNE), Outcome.FAILED))

    assert [one.last.run_id for one in journal.last_runs().values()] == ["r1"]
    assert [one.last.run_id for one in journal.last_runs(Operation.PRUNE).values()] == ["r2"]
    assert journal.last_runs(Operation.REPAIR) == {}


def test_how_every_client_stands_is_what_the_histories_say(journal: Whole) -> None:
    good = ended(begun("r1"), Outcome.SUCCESS, archive=archive(1), repository=repository(), listed_by="find")
    journal.finish(good, [entry(archive(1))])
    journal.finish(
        ended(begun("r2", after_hours=1), Outcome.FAILED, reason=Reason.HOOK, message="caf\udce9: \0\x1b[31m")
    )
    journal.finish(ended(begun("r3", after_hours=2, operation=Operation.PRUNE), Outcome.WARNING), gone=[archive(1).id])
    journal.finish(ended(begun("r4", client="db"), Outcome.SKIPPED, reason=Reason.OFFLINE, method="socat"))
    journal.begin(begun("r5", client="new"))

    standings = journal.standings()

    assert standings == {
        operation: {name: Standing.of(history) for name, history in journal.last_runs(operation).items()}
        for operation in (Operation.CREATE, Operation.PRUNE)
    }
    assert standings[Operation.CREATE]["web"] == Standing(
        client="web",
        method="sshfs",
        outcome=Outcome.FAILED,
        reason=Reason.HOOK,
        message="caf\udce9: \0\x1b[31m",
        finished=START + timedelta(hours=1, minutes=5),
        good_started=START,
        good_finished=good.finished,
        disk_bytes=5,
        listed_by="find",
        consecutive_failures=1,
        archives=0,
    )


def test_a_journal_without_a_finished_run_tells_nothing_of_how_anybody_stands(journal: Whole) -> None:
    journal.begin(begun())

    assert journal.standings() == {}
