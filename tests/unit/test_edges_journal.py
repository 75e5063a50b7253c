"""The journal's file in trouble, and what is kept for how long."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.edges.sqlite_journal import SqliteJournal
from appliance.edges.sqlite_journal.documents import write
from appliance.edges.sqlite_journal.folds import VERSIONS
from appliance.edges.sqlite_journal.past import NEWEST
from appliance.edges.sqlite_journal.schema import MIGRATIONS
from appliance.edges.sqlite_journal.standings import STANDINGS
from appliance.errors import StateError
from appliance.notice import Alarm, AlarmKind, AlarmState, Severity
from appliance.ports import Standing
from appliance.record import Operation, Outcome, Reason
from tests.contract.records import CLOCK, START, archive, begun, ended, entry, repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal(path, CLOCK)
    yield journal
    journal.close()


def test_the_file_and_its_companions_are_private(journal: SqliteJournal, path: Path) -> None:
    journal.begin(begun())

    assert {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {
        "journal.sqlite": 0o600,
        "journal.sqlite-wal": 0o600,
        "journal.sqlite-shm": 0o600,
    }


def test_who_opens_a_new_journal_beside_another_waits_for_it(journal: SqliteJournal, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE begun (number)")
        other.execute("BEGIN IMMEDIATE")
        done = threading.Timer(0.1, lambda: other.execute("ROLLBACK"))
        done.start()

        assert journal.unfinished() == []
        done.join()


def test_another_process_reads_what_was_written(journal: SqliteJournal, path: Path) -> None:
    journal.begin(begun())

    other = SqliteJournal(path, CLOCK)
    assert other.unfinished() == [begun()]
    other.close()


def test_a_journal_of_a_newer_version_is_left_alone(journal: SqliteJournal, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")

    with pytest.raises(StateError, match="written by a newer Borgpull"):
        journal.unfinished()


def test_a_file_that_is_no_journal_is_a_sentence(journal: SqliteJournal, path: Path) -> None:
    path.write_bytes(b"certainly not a database, but long enough to look at" * 50)

    with pytest.raises(StateError, match="not an SQLite file"):
        journal.unfinished()


def test_closing_one_connection_leaves_the_locks_and_the_log_of_the_others(journal: SqliteJournal, path: Path) -> None:
    journal.begin(begun())
    other = SqliteJournal(path, CLOCK)
    other.begin(begun("r2"))

    # A whole other process that comes and goes: as the last one by its lights, it would remove the log.
    leave = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM runs'); c.close()"
    subprocess.run((sys.executable, "-c", leave, str(path)), check=True)

    assert path.with_name("journal.sqlite-wal").exists()
    other.close()


def test_what_another_version_wrote_is_a_sentence(journal: SqliteJournal, path: Path) -> None:
    disk = Alarm(kind=AlarmKind.DISK_FILLING, severity=Severity.CRITICAL, sentence="The disk is full.")
    journal.settle([AlarmState(alarm=disk, raised=CLOCK.now())], [])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alarms SET kind = 'of_tomorrow'")

    with pytest.raises(StateError, match=r"does not understand \(.*of_tomorrow.*Use that version again"):
        journal.alarms()


def test_a_missing_state_volume_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="is the state volume mounted"):
        SqliteJournal(tmp_path / "missing" / "journal.sqlite", CLOCK).unfinished()


def test_a_full_disk_is_a_sentence_and_changes_nothing(journal: SqliteJournal) -> None:
    journal.begin(begun())
    with journal._database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 1")

    with pytest.raises(StateError, match="full"):
        journal.finish(ended(begun(), Outcome.FAILED, message="x" * 1_000_000))

    assert journal.unfinished() == [begun()]


def runs_of_a_day(journal: SqliteJournal, day: int, count: int = NEWEST) -> None:
    """Let so many backups of a client fail: as many as push the older ones out of the newest that always stay."""
    for number in range(count):
        failed = begun(f"{day}-{number}", after_hours=day * 24 + number / 100)
        journal.finish(ended(failed, Outcome.FAILED, reason=Reason.AUTH))


def test_old_runs_are_forgotten_but_neither_their_counts_nor_their_archives(journal: SqliteJournal) -> None:
    old = begun("old")
    journal.finish(ended(old, Outcome.SUCCESS, archive=archive(1)), [entry(archive(1), "old")])

    runs_of_a_day(journal, 401)

    assert "old" not in {run.run_id for run in journal.history()}
    history = journal.last_runs()["web"]
    assert history.runs == 1 + NEWEST
    assert history.last_success is not None
    assert history.last_success.run_id == "old"
    assert journal.archives("web") == [entry(archive(1), "old")]


def test_of_what_went_well_a_month_ago_and_of_the_rest_a_quarter_ago_the_numbers_are_left(
    journal: SqliteJournal,
) -> None:
    good = ended(begun("good"), Outcome.SUCCESS, archive=archive(1), repository=repository())
    for old in (
        good,
        ended(begun("warned", after_hours=1), Outcome.WARNING, archive=archive(2)),
        ended(begun("failed", after_hours=2), Outcome.FAILED, reason=Reason.AUTH),
        ended(begun("pruned", after_hours=3, operation=Operation.PRUNE), Outcome.SUCCESS),
        ended(begun("away", after_hours=4), Outcome.SKIPPED, reason=Reason.OFFLINE),
    ):
        journal.finish(old)
    before = list(journal.glances(good.started))

    runs_of_a_day(journal, 32)
    assert [run.run_id for run in journal.history()][NEWEST:] == ["failed", "warned"]
    assert list(journal.glances(good.started))[:-NEWEST] == before

    runs_of_a_day(journal, 93)
    assert [run.run_id for run in journal.history()][2 * NEWEST :] == []
    assert list(journal.glances(good.started))[: -2 * NEWEST] == before
    assert ("web", good.started) in list(journal.good_starts(good.started))


def test_the_newest_runs_and_numbers_of_each_client_stay_whatever_the_clock_says(journal: SqliteJournal) -> None:
    runs_of_a_day(journal, 0, NEWEST + 2)
    journal.finish(ended(begun("of-another", client="db"), Outcome.FAILED))

    journal.finish(ended(begun("ahead", after_hours=12 * 365 * 24), Outcome.SUCCESS))
    # One alone is not gone by.
    assert len(journal.history(limit=99)) == NEWEST + 4

    journal.finish(ended(begun("ahead-too", after_hours=12 * 365 * 24 + 1), Outcome.SUCCESS))
    assert len(journal.history("web", limit=99)) == NEWEST
    assert [run.run_id for run in journal.history("db")] == ["of-another"]
    # Four are forgotten but for their numbers, and of these there are fewer than are kept.
    assert len(list(journal.glances(START))) == NEWEST + 5


def test_numbers_are_forgotten_after_400_days_but_for_the_newest_of_a_client(journal: SqliteJournal) -> None:
    for day in (0, 100, 501, 502):
        runs_of_a_day(journal, day, NEWEST + 1)

    told = Counter((glance.started - START).days for glance in journal.glances(START))

    assert (told[0], told[501]) == (0, NEWEST + 1)


def test_what_is_usual_takes_no_room_and_is_read_back_all_the_same(journal: SqliteJournal, path: Path) -> None:
    plain = begun("plain")
    journal.finish(ended(plain, Outcome.SUCCESS))

    with closing(sqlite3.connect(path)) as connection:
        (text,) = connection.execute("SELECT record FROM runs").fetchone()
    assert "warnings" not in text
    assert journal.run("plain") == ended(plain, Outcome.SUCCESS)


def test_a_journal_of_before_the_rollback_point_is_read_and_brought_up_to_date(path: Path) -> None:
    with closing(sqlite3.connect(path)) as old:
        old.executescript(MIGRATIONS[0])
        old.execute("INSERT INTO repositories VALUES ('web', 'aa', '2026-11-22T02:30:00.000000+00:00')")
        record = json.loads(write(ended(begun(), Outcome.SUCCESS, repository=repository("aa"))))
        del record["repository"]["transaction"], record["repository"]["segments"]
        old.execute(
            "INSERT INTO runs VALUES ('r1', 'web', 'create', '2026-11-22', '2026-11-22', 'success', NULL, ?)",
            (json.dumps(record),),
        )
        old.execute("PRAGMA user_version = 1")
        old.commit()

    journal = SqliteJournal(path, CLOCK)
    known, run = journal.repository("web"), journal.run("r1")
    journal.close()

    assert known is not None
    assert (known.repository_id, known.point) == ("aa", None)
    assert run is not None
    assert run.repository == repository("aa")


def test_that_a_client_once_wrote_itself_outlives_the_runs_of_an_older_journal(path: Path) -> None:
    with closing(sqlite3.connect(path)) as old:
        for step in MIGRATIONS[:5]:
            old.executescript(step)
        for number, method in enumerate(("socat", "sshfs")):
            text = json.dumps({"client": f"c{number}", "method": method})
            old.execute(
                "INSERT INTO runs VALUES (?, ?, 'create', '2020-01-01', '2020-01-01', 'success', NULL, ?)",
                (f"r{number}", f"c{number}", text),
            )
        old.execute("PRAGMA user_version = 5")
        old.commit()

    journal = SqliteJournal(path, CLOCK)
    known = journal.facts("borg_on_client/")
    journal.close()

    assert known == {"borg_on_client/c0": "yes"}


def test_how_clients_stand_is_taken_from_the_records_of_an_older_journal(path: Path) -> None:
    good = ended(begun("r1"), Outcome.SUCCESS, repository=repository(), listed_by="find")
    bad = ended(begun("r2", after_hours=1), Outcome.FAILED, reason=Reason.HOOK, message="caf\udce9")
    with closing(sqlite3.connect(path)) as old:
        for step in MIGRATIONS[:6]:
            old.executescript(step)
        for client, last, success in (("web", bad, good), ("db", good, good), ("nas", bad, None)):
            old.execute(
                "INSERT INTO client_state VALUES (?, 'create', ?, ?, 3, 9, '{}', 1.0, 2, 3, 4)",
                (client, write(replace(last, client=client)), success and write(replace(success, client=client))),
            )
        old.execute("PRAGMA user_version = 6")
        old.commit()

    journal = SqliteJournal(path, CLOCK)
    standings, histories = journal.standings(), journal.last_runs()
    journal.close()

    assert standings == {Operation.CREATE: {name: Standing.of(history) for name, history in histories.items()}}
    assert (standings[Operation.CREATE]["web"].message, standings[Operation.CREATE]["nas"].disk_bytes) == (
        "caf\udce9",
        None,
    )


def test_a_reason_that_a_later_version_has_added_is_one_that_nobody_knows_here(
    journal: SqliteJournal, path: Path
) -> None:
    journal.finish(ended(begun(), Outcome.FAILED, reason=Reason.HOOK))
    journal.finish(ended(begun("r2", operation=Operation.PRUNE), Outcome.SUCCESS))
    with closing(sqlite3.connect(path)) as later:
        later.execute("""UPDATE client_state SET last = replace(last, '"hook"', '"of 2030"')""")
        later.execute("UPDATE client_state SET reason = 'of 2030' WHERE reason IS NOT NULL")
        later.execute("UPDATE client_state SET operation = 'of 2030' WHERE operation = 'prune'")
        later.commit()

    assert journal.last_runs()["web"].last.reason is Reason.INTERNAL
    assert {one["web"].reason for one in journal.standings().values()} == {Reason.INTERNAL}


def test_how_clients_stand_is_read_from_an_index_alone(journal: SqliteJournal) -> None:
    journal.finish(ended(begun(), Outcome.SUCCESS))

    with journal._database.reading() as connection:
        (plan,) = connection.execute(f"EXPLAIN QUERY PLAN {STANDINGS}")
        (folds,) = connection.execute(f"EXPLAIN QUERY PLAN {VERSIONS}", ("create",))

    assert "USING COVERING INDEX standings" in plan["detail"]
    assert "USING COVERING INDEX standings" in folds["detail"]


def test_what_another_process_recorded_is_seen_although_the_rest_is_remembered(tmp_path: Path) -> None:
    ours, theirs = (SqliteJournal(tmp_path / "journal.sqlite", CLOCK) for _ in range(2))
    for number in range(30):
        theirs.finish(ended(begun(f"first-{number}", client=f"c{number}"), Outcome.SUCCESS))
    before = ours.last_runs()

    theirs.finish(ended(begun("second", client="c7", after_hours=1), Outcome.FAILED, reason=Reason.STALLED))
    theirs.finish(ended(begun("other", client="new"), Outcome.SUCCESS))

    after = ours.last_runs()
    assert (before["c7"].last.run_id, after["c7"].last.run_id) == ("first-7", "second")
    assert after["new"].runs == 1
    assert after["c8"] is before["c8"]
    assert ours.last_runs() == theirs.last_runs()
    ours.close()
    theirs.close()


def test_a_remembered_client_has_as_many_archives_as_the_ledger(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite", CLOCK)
    journal.finish(ended(begun(), Outcome.SUCCESS), [entry(archive(1)), entry(archive(2))])
    assert journal.last_runs()["web"].archives == 2

    prune = begun("r2", after_hours=1, operation=Operation.PRUNE)
    journal.finish(ended(prune, Outcome.SUCCESS), gone=[archive(1).id])

    assert journal.last_runs()["web"].archives == 1
    journal.close()
