"""A journal in memory, proved equal to the real one by the contract suite."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.ports import ClientHistory, Clock
from appliance.record import (
    KnownRepository,
    LedgerEntry,
    Operation,
    Progress,
    Request,
    RequestKind,
    RollbackPoint,
    RunRecord,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class MemoryJournal:
    """Journal, ledger, requests and facts in memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._runs: dict[str, RunRecord] = {}
        self._progress: dict[str, Progress] = {}
        self._ledger: dict[str, dict[str, LedgerEntry]] = {}
        self._repositories: dict[str, KnownRepository] = {}
        self._requests: dict[int, Request] = {}
        self._facts: dict[str, str] = {}
        self._finished: list[str] = []
        self._lock = threading.RLock()

    def begin(self, record: RunRecord) -> None:
        with self._lock:
            self._runs[record.run_id] = record

    def finish(self, record: RunRecord, ledger: Sequence[LedgerEntry] = (), gone: Sequence[str] = ()) -> None:
        with self._lock:
            known = self._runs.get(record.run_id)
            if known is not None and known.finished is not None:
                return
            self._runs[record.run_id] = record
            self._finished.append(record.run_id)
            self._progress.pop(record.run_id, None)
            for entry in ledger:
                self._ledger.setdefault(entry.client, {}).setdefault(entry.archive.id, entry)
            for archive_id in gone:
                self._ledger.get(record.client, {}).pop(archive_id, None)
            if record.outcome is not None and record.outcome.is_good and record.repository is not None:
                pinned = KnownRepository(
                    client=record.client,
                    repository_id=record.repository.id,
                    first_seen=record.finished or record.started,
                )
                kept = self._repositories.setdefault(record.client, pinned)
                if kept.repository_id == record.repository.id:
                    self._repositories[record.client] = replace(kept, point=_point(record) or kept.point)

    def progress(self, run_id: str, progress: Progress) -> None:
        with self._lock:
            run = self._runs.get(run_id)
            if run is not None and run.finished is None:
                self._progress[run_id] = progress

    def progress_of(self, run_id: str) -> Progress | None:
        return self._progress.get(run_id)

    def run(self, run_id: str) -> RunRecord | None:
        return self._runs.get(run_id)

    def unfinished(self) -> Sequence[RunRecord]:
        return sorted((run for run in self._all() if run.finished is None), key=lambda run: run.started)

    def history(self, client: str | None = None, *, limit: int = 50) -> Sequence[RunRecord]:
        chosen = [run for run in self._all() if client in (None, run.client)]
        return sorted(chosen, key=lambda run: run.started, reverse=True)[:limit]

    def last_runs(self) -> Mapping[str, ClientHistory]:
        histories: dict[str, ClientHistory] = {}
        for run_id in tuple(self._finished):
            run = self._runs[run_id]
            if run.operation is Operation.CREATE:
                histories[run.client] = ClientHistory.after(histories.get(run.client), run)
        return {name: replace(history, archives=len(self._ledger.get(name, {}))) for name, history in histories.items()}

    def archives(self, client: str) -> Sequence[LedgerEntry]:
        return sorted(self._ledger.get(client, {}).values(), key=lambda entry: entry.archive.started)

    def repository(self, client: str) -> KnownRepository | None:
        return self._repositories.get(client)

    def ask(self, kind: RequestKind, client: str, operation: Operation, *, accept_shrink: bool = False) -> int:
        with self._lock:
            request_id = len(self._requests) + 1
            self._requests[request_id] = Request(
                request_id=request_id,
                kind=kind,
                client=client,
                operation=operation,
                created=self._clock.now(),
                accept_shrink=accept_shrink,
            )
            return request_id

    def open_requests(self) -> Sequence[Request]:
        return [request for request in tuple(self._requests.values()) if request.answered is None]

    def answer(self, request_id: int, *, run_id: str = "", refusal: str = "") -> None:
        with self._lock:
            request = self._requests[request_id]
            self._requests[request_id] = replace(request, run_id=run_id, refusal=refusal, answered=self._clock.now())

    def request(self, request_id: int) -> Request | None:
        return self._requests.get(request_id)

    def fact(self, key: str) -> str | None:
        return self._facts.get(key)

    def set_fact(self, key: str, value: str) -> None:
        self._facts[key] = value

    def _all(self) -> tuple[RunRecord, ...]:
        return tuple(self._runs.values())


def _point(record: RunRecord) -> RollbackPoint | None:
    stats = record.repository
    if stats is None or stats.transaction is None or stats.segments is None:
        return None
    return RollbackPoint(
        transaction=stats.transaction,
        segments=stats.segments,
        run_id=record.run_id,
        reached=record.finished or record.started,
    )
