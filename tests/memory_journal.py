"""A journal in memory, proved equal to the real one by the contract suite."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.notice import AlarmState, ChannelRecord, Notice, Pending
from appliance.ports import ClientHistory, Clock, Span, Standing
from appliance.record import (
    Glance,
    KnownRepository,
    LedgerEntry,
    Operation,
    Progress,
    Request,
    RequestKind,
    RestoreOrder,
    RollbackPoint,
    RunRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime


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
        self._alarms: dict[str, AlarmState] = {}
        self._notices: dict[int, Pending] = {}
        self._posted = 0
        self._channels: dict[str, ChannelRecord] = {}
        self._lock = threading.RLock()

    def close(self) -> None:
        """Nothing is open."""

    def begin(self, record: RunRecord) -> None:
        with self._lock:
            self._runs[record.run_id] = record

    def finish(
        self,
        record: RunRecord,
        ledger: Sequence[LedgerEntry] = (),
        gone: Sequence[str] = (),
        notices: Sequence[Notice] = (),
    ) -> None:
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
            self._post(notices)

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

    def glances(self, since: datetime) -> Iterator[Glance]:
        found = [run for run in self._all() if run.operation is Operation.CREATE and run.started >= since]
        for run in sorted(found, key=lambda run: (run.started, run.run_id)):
            if run.finished is None or run.outcome is None:
                continue
            archive, stats = run.archive, run.repository
            yield Glance(
                client=run.client,
                started=run.started,
                finished=run.finished,
                outcome=run.outcome,
                original_bytes=archive.original_size if archive else None,
                deduplicated_bytes=archive.deduplicated_size if archive else None,
                disk_bytes=stats.disk_size if stats else None,
            )

    def good_starts(self, since: datetime) -> Iterator[tuple[str, datetime]]:
        for glance in self.glances(since):
            if glance.outcome.is_good:
                yield glance.client, glance.started

    def last_runs(self, operation: Operation = Operation.CREATE) -> Mapping[str, ClientHistory]:
        histories: dict[str, ClientHistory] = {}
        for run_id in tuple(self._finished):
            run = self._runs[run_id]
            if run.operation is operation:
                histories[run.client] = ClientHistory.after(histories.get(run.client), run)
        return {name: replace(history, archives=len(self._ledger.get(name, {}))) for name, history in histories.items()}

    def standings(self) -> Mapping[Operation, Mapping[str, Standing]]:
        known = {operation: self.last_runs(operation) for operation in Operation}
        return {
            operation: {name: Standing.of(history) for name, history in histories.items()}
            for operation, histories in known.items()
            if histories
        }

    def spans(self) -> Mapping[str, Span]:
        starts = {client: [one.archive.started for one in known.values()] for client, known in self._ledger.items()}
        return {client: Span(oldest=min(found), newest=max(found)) for client, found in starts.items() if found}

    def archives(self, client: str) -> Sequence[LedgerEntry]:
        return sorted(self._ledger.get(client, {}).values(), key=lambda entry: entry.archive.started)

    def repository(self, client: str) -> KnownRepository | None:
        return self._repositories.get(client)

    def ask(
        self,
        kind: RequestKind,
        client: str,
        operation: Operation,
        *,
        accept_shrink: bool = False,
        restore: RestoreOrder | None = None,
    ) -> int:
        with self._lock:
            request_id = len(self._requests) + 1
            self._requests[request_id] = Request(
                request_id=request_id,
                kind=kind,
                client=client,
                operation=operation,
                created=self._clock.now(),
                accept_shrink=accept_shrink,
                restore=restore,
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

    def facts(self, prefix: str) -> Mapping[str, str]:
        return {key: value for key, value in self._facts.items() if key.startswith(prefix)}

    def set_fact(self, key: str, value: str) -> None:
        self._facts[key] = value

    def alarms(self) -> Sequence[AlarmState]:
        held = [state for state in tuple(self._alarms.values()) if state.cleared is None]
        return sorted(held, key=lambda state: (state.raised, state.alarm.alarm_id))

    def settle(self, alarms: Sequence[AlarmState], notices: Sequence[Notice]) -> None:
        with self._lock:
            for state in alarms:
                alarm = replace(state.alarm, sentence=_writable(state.alarm.sentence))
                self._alarms[alarm.alarm_id] = replace(state, alarm=alarm)
            self._post(notices)

    def pending(self) -> Sequence[Pending]:
        return list(self._notices.values())

    def delivered(self, notice_id: int, kind: str) -> None:
        with self._lock:
            self._notices.pop(notice_id, None)
            known = self._channels.get(kind, ChannelRecord(kind=kind))
            self._channels[kind] = replace(known, attempts=known.attempts + 1, last_success=self._clock.now())

    def not_delivered(self, notice_id: int, kind: str, trouble: str, next_try: datetime | None) -> None:
        with self._lock:
            waiting = self._notices.get(notice_id)
            if next_try is None:
                self._notices.pop(notice_id, None)
                if waiting is not None and waiting.notice.event.tells_an_alarm:
                    self._forget_told(waiting.notice.topic)
            elif waiting is not None:
                self._notices[notice_id] = replace(
                    waiting, next_try=next_try, attempts=waiting.attempts + 1, trouble=_writable(trouble)
                )
            known = self._channels.get(kind, ChannelRecord(kind=kind))
            self._channels[kind] = replace(
                known,
                attempts=known.attempts + 1,
                failures=known.failures + 1,
                given_up=known.given_up + (next_try is None),
                last_failure=self._clock.now(),
                trouble=_writable(trouble),
            )

    def _forget_told(self, alarm_id: str) -> None:
        if alarm_id in self._alarms:
            self._alarms[alarm_id] = replace(self._alarms[alarm_id], told=None)

    def channel_records(self) -> Sequence[ChannelRecord]:
        return sorted(self._channels.values(), key=lambda record: record.kind)

    def _post(self, notices: Sequence[Notice]) -> None:
        now = self._clock.now()
        for posted in notices:
            notice = replace(posted, title=_writable(posted.title), body=_writable(posted.body))
            same = (notice.client, notice.channel, notice.topic)
            for number, waiting in tuple(self._notices.items()):
                old = waiting.notice
                if notice.topic and (old.client, old.channel, old.topic) == same:
                    del self._notices[number]
            self._posted += 1
            self._notices[self._posted] = Pending(notice_id=self._posted, notice=notice, created=now, next_try=now)

    def _all(self) -> tuple[RunRecord, ...]:
        return tuple(self._runs.values())


def _writable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


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
