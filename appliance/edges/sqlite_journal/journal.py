"""The ports Journal, Ledger, Past, Requests, Facts and Outbox over one SQLite file."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from appliance.edges.sqlite_journal import facts, outbox, past, requests, runs, standings
from appliance.edges.sqlite_journal import ledger as ledger_table
from appliance.edges.sqlite_journal.database import Database
from appliance.edges.sqlite_journal.documents import read_progress, write
from appliance.edges.sqlite_journal.folds import Folds
from appliance.record import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from appliance.notice import AlarmState, ChannelRecord, Notice, Pending
    from appliance.ports import ClientHistory, Clock, Span, Standing
    from appliance.record import (
        Glance,
        KnownRepository,
        LedgerEntry,
        Progress,
        Request,
        RequestKind,
        RestoreOrder,
        RunRecord,
    )


class SqliteJournal:
    """The file `path`, made at the first use; usable from any thread. The methods are described at the ports."""

    def __init__(self, path: Path, clock: Clock, connection: type[sqlite3.Connection] = sqlite3.Connection) -> None:
        """`connection` is as of Database."""
        self._database = Database(path, connection)
        self._clock = clock
        self._folds = Folds()

    def close(self) -> None:
        """Close what this thread has open."""
        self._database.close()

    def begin(self, record: RunRecord) -> None:
        """Write down that a run starts."""
        with self._database.writing() as connection:
            runs.save(connection, record)

    def finish(
        self,
        record: RunRecord,
        ledger: Sequence[LedgerEntry] = (),
        gone: Sequence[str] = (),
        notices: Sequence[Notice] = (),
    ) -> None:
        """Write down its end, what is good, what is gone, its repository, the fold and what is told of it, at once."""
        with self._database.writing() as connection:
            if runs.has_ended(connection, record.run_id):
                return
            runs.save(connection, record)
            connection.execute("DELETE FROM progress WHERE run_id = ?", (record.run_id,))
            runs.fold(connection, record)
            ledger_table.add(connection, ledger)
            ledger_table.forget(connection, record.client, gone)
            ledger_table.pin_repository(connection, record)
            past.forget_old(connection, record)
            outbox.post(connection, notices, self._clock.now())

    def progress(self, run_id: str, progress: Progress) -> None:
        """Keep the latest progress of a run that has not ended."""
        with self._database.writing_lazily() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO progress (run_id, progress)"
                " SELECT run_id, ? FROM runs WHERE run_id = ? AND finished IS NULL",
                (write(progress), run_id),
            )

    def progress_of(self, run_id: str) -> Progress | None:
        """Return the latest progress."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT progress FROM progress WHERE run_id = ?", (run_id,)).fetchone()
            return None if row is None else read_progress(row["progress"])

    def run(self, run_id: str) -> RunRecord | None:
        """Return one run."""
        with self._database.reading() as connection:
            return next(iter(runs.find(connection, "WHERE run_id = ?", run_id)), None)

    def unfinished(self) -> Sequence[RunRecord]:
        """Return the runs without an end, oldest first."""
        with self._database.reading() as connection:
            return runs.find(connection, "WHERE finished IS NULL ORDER BY started, run_id")

    def history(self, client: str | None = None, *, limit: int = 50) -> Sequence[RunRecord]:
        """Return the newest runs first."""
        newest = "ORDER BY started DESC, run_id DESC LIMIT ?"
        with self._database.reading() as connection:
            if client is None:
                return runs.find(connection, newest, limit)
            return runs.find(connection, f"WHERE client = ? {newest}", client, limit)

    def glances(self, since: datetime) -> Iterator[Glance]:
        """Yield the numbers of the finished create runs since then, oldest first."""
        with self._database.reading() as connection:
            yield from past.glances(connection, since)

    def good_starts(self, since: datetime) -> Iterator[tuple[str, datetime]]:
        """Yield client and start of the good create runs since then."""
        with self._database.reading() as connection:
            yield from past.good_starts(connection, since)

    def last_runs(self, operation: Operation = Operation.CREATE) -> Mapping[str, ClientHistory]:
        """Return the fold of the runs of that operation, by client."""
        with self._database.reading() as connection:
            return self._folds.read(connection, operation)

    def standings(self) -> Mapping[Operation, Mapping[str, Standing]]:
        """Return how each client stands with each operation."""
        with self._database.reading() as connection:
            return standings.read(connection)

    def spans(self) -> Mapping[str, Span]:
        """Return from when to when the good archives of each client are."""
        with self._database.reading() as connection:
            return ledger_table.spans(connection)

    def archives(self, client: str) -> Sequence[LedgerEntry]:
        """Return the good archives, oldest first."""
        with self._database.reading() as connection:
            return ledger_table.archives(connection, client)

    def repository(self, client: str) -> KnownRepository | None:
        """Return the pinned repository."""
        with self._database.reading() as connection:
            return ledger_table.repository(connection, client)

    def ask(
        self,
        kind: RequestKind,
        client: str,
        operation: Operation,
        *,
        accept_shrink: bool = False,
        restore: RestoreOrder | None = None,
    ) -> int:
        """Leave a request."""
        now = self._clock.now()
        with self._database.writing() as connection:
            return requests.ask(
                connection, kind, client, operation, accept_shrink=accept_shrink, restore=restore, now=now
            )

    def open_requests(self) -> Sequence[Request]:
        """Return the requests nobody has answered."""
        with self._database.reading() as connection:
            return requests.unanswered(connection)

    def answer(self, request_id: int, *, run_id: str = "", refusal: str = "") -> None:
        """Answer a request."""
        with self._database.writing() as connection:
            requests.answer(connection, request_id, run_id=run_id, refusal=refusal, now=self._clock.now())

    def request(self, request_id: int) -> Request | None:
        """Return the request."""
        with self._database.reading() as connection:
            return requests.find(connection, request_id)

    def fact(self, key: str) -> str | None:
        """Return the fact."""
        with self._database.reading() as connection:
            return facts.find(connection, key)

    def facts(self, prefix: str) -> Mapping[str, str]:
        """Return the facts whose names begin so."""
        with self._database.reading() as connection:
            return facts.beginning_with(connection, prefix)

    def set_fact(self, key: str, value: str) -> None:
        """Remember the fact; on the disk when this returns, but for those that are fleeting."""
        if self.fact(key) == value:
            return
        writing = self._database.writing_lazily if key in facts.FLEETING else self._database.writing
        with writing() as connection:
            facts.save(connection, key, value)

    def alarms(self) -> Sequence[AlarmState]:
        """Return the alarms that are not cleared, oldest first."""
        with self._database.reading() as connection:
            return outbox.alarms(connection)

    def settle(self, alarms: Sequence[AlarmState], notices: Sequence[Notice]) -> None:
        """Write alarms and what is told of them, in one transaction."""
        with self._database.writing() as connection:
            outbox.save_alarms(connection, alarms)
            outbox.post(connection, notices, self._clock.now())

    def pending(self) -> Sequence[Pending]:
        """Return the notices that wait, oldest first."""
        with self._database.reading() as connection:
            return outbox.pending(connection)

    def delivered(self, notice_id: int, kind: str) -> None:
        """Forget a notice that arrived, and count it."""
        with self._database.writing() as connection:
            outbox.delivered(connection, notice_id, kind, self._clock.now())

    def not_delivered(self, notice_id: int, kind: str, trouble: str, next_try: datetime | None) -> None:
        """Keep a notice for later, or give it up; count the failure."""
        with self._database.writing() as connection:
            outbox.not_delivered(connection, notice_id, kind, trouble, next_try, self._clock.now())

    def channel_records(self) -> Sequence[ChannelRecord]:
        """Return how deliveries went, by kind."""
        with self._database.reading() as connection:
            return outbox.channel_records(connection)
