"""A house over a year of simulated time: the real planner, alarms and journal; only the runs themselves are dice.

Clients are away for hours or weeks, runs fail, the server is off; what should hold is looked at every hour.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from appliance.config.load import parse
from appliance.edges.sqlite_journal import SqliteJournal
from appliance.notice import AlarmKind
from appliance.plan.checked import Checked, after, checked_fact
from appliance.plan.checks import plan_check
from appliance.plan.events import CheckFindings
from appliance.plan.observed import Room
from appliance.record import (
    ArchiveStats,
    LedgerEntry,
    Operation,
    Outcome,
    Reason,
    RepositoryStats,
    RunRecord,
    Trigger,
)
from appliance.supervisor.alarms import Alarms
from appliance.supervisor.choices import Choices
from appliance.supervisor.habits import Habits
from appliance.supervisor.upkeep import Upkeep
from tests.fakes import FixedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from appliance.config.model import Appliance, Client
    from appliance.plan.due import Due
    from appliance.ports import ClientHistory

DAILY, WEEKLY, MONTHLY = 7, 4, 6
_PERIODS = (("daily", "%Y-%m-%d", DAILY), ("weekly", "%G-%V", WEEKLY), ("monthly", "%Y-%m", MONTHLY))
_KEEP = f"{{ daily = {DAILY}, weekly = {WEEKLY}, monthly = {MONTHLY} }}"
_PASSING = (Reason.CONNECTION_LOST, Reason.NO_SPACE, Reason.LOCK, Reason.TIMEOUT, Reason.ENGINE)
_SERVER_OFF = ((40, 2.5), (199.5, 0.3), (301, 9))


def written(clients: int) -> str:
    """Return the configuration of so many clients: nightly ones, some with a window, some by day."""
    lines = ['[appliance]\ntimezone = "Europe/Berlin"\n[defaults]\npaths = ["/"]\n', f"keep = {_KEEP}\n"]
    for number in range(clients):
        kind = (
            'schedule = "H 2 * * *"',
            'schedule = "30 2 * * *"\nwindow = "01:00-05:00"',
            'schedule = "15 14 * * *"',
        )[number % 3]
        away = 'offline = "skip"\n' if number % 7 == 0 else ""
        lines.append(f'[clients.c{number:04d}]\nhost = "c{number:04d}.lan"\n{kind}\n{away}')
    return "".join(lines)


@dataclass
class Truth:
    """What really happened to a client, beside the journal.

    `newest` is the newest archive ever made in each day, week and month, by the names of the rule and of the period.
    """

    last_success: datetime | None = None
    last_check: datetime | None = None
    newest: dict[str, dict[str, str]] = field(default_factory=lambda: {name: {} for name, _, _ in _PERIODS})
    away: list[tuple[datetime, datetime]] = field(default_factory=list)

    def made(self, archive: str, local: datetime) -> None:
        """Remember an archive; `local` is when, in the appliance's time zone."""
        for name, key, _ in _PERIODS:
            self.newest[name][f"{local:{key}}"] = archive

    def is_away(self, now: datetime) -> bool:
        """Whether the client cannot be reached at that moment."""
        self.away = [(begin, end) for begin, end in self.away if end > now]
        return any(begin <= now for begin, _ in self.away)


@dataclass
class Seen:
    """What came of it. All of `unnoticed`, `false_alarms` and `wrongly_pruned` should be empty."""

    runs: int = 0
    failed: int = 0
    pruned: int = 0
    overdue: int = 0
    unnoticed: list[str] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)
    wrongly_pruned: list[str] = field(default_factory=list)


class House:
    """The house; `step` is how much time passes between two looks for who is due, `look` between two for alarms."""

    def __init__(
        self, path: Path, clients: int, begin: datetime, *, seed: int, step: timedelta, look: timedelta
    ) -> None:
        self.clock = FixedClock(begin)
        self.journal = SqliteJournal(path, self.clock)
        self.appliance: Appliance = parse({"borgpull.toml": written(clients)}, {})
        self.seen = Seen()
        self._begin, self._step, self._look_every = begin, step, look
        # An alarm has its grace, and is seen at one look or the next.
        self._noticed_within = 2 * look
        self._chance = random.Random(seed)  # noqa: S311 - the same year for the same seed
        self._clients = {client.name: client for client in self.appliance.clients}
        self._truth = {name: Truth() for name in self._clients}
        self._choices, self._upkeep = Choices(Habits(self.journal).of), Upkeep(self.journal)
        self._alarms = self._alarms_anew()
        self._histories: Mapping[str, ClientHistory] | None = None
        self._looked = self._began = begin
        self._stale: dict[str, datetime] = {}

    def live(self, days: int, each_day: Callable[[int], object] = lambda _day: None) -> Seen:
        """Let so many days pass; `each_day` is called with the number of each."""
        end = self._begin + timedelta(days=days)
        off = [(self._begin + timedelta(days=day), timedelta(days=length)) for day, length in _SERVER_OFF]
        while (now := self.clock.now()) < end:
            if off and now >= off[0][0]:
                self.clock.advance(off.pop(0)[1])
                # A server that was off starts as a new process that knows only what the journal knows.
                self._choices, self._upkeep = Choices(Habits(self.journal).of), Upkeep(self.journal)
                self._alarms = self._alarms_anew()
                self._began = self.clock.now()
                continue
            self._tick(now)
            if (now - self._begin) % timedelta(days=1) < self._step:
                each_day((now - self._begin) // timedelta(days=1))
            self.clock.advance(self._step)
        return self.seen

    def _alarms_anew(self) -> Alarms:
        return Alarms(self.journal, lambda: Room(free=1 << 40, size=1 << 42))

    def _tick(self, now: datetime) -> None:
        if self._histories is None:
            self._histories = self.journal.last_runs()
        due = self._choices.due(self.appliance, self._histories, now=now, paused=False)
        engaged = {one.client for one in due}
        kept = self._due_upkeep(self._histories, now, engaged)
        for one in due:
            self._choices.launched(one.client, now)
            self._create(one, now)
        for one in kept:
            self._upkeep.launched(one.client, one.operation, now)
            self._keep_up(one, now)
        for name in {one.client for one in (*due, *kept)}:
            self._choices.forget(name)
            self._upkeep.forget(name)
            self._histories = None
        if now - self._looked >= self._look_every:
            self._looked = now
            self._look(now)

    def _due_upkeep(self, histories: Mapping[str, ClientHistory], now: datetime, engaged: set[str]) -> tuple[Due, ...]:
        """Ask until everybody has been looked at: one step here is thousands of ticks of a supervisor's loop."""
        while True:
            before = self._upkeep.decisions
            due = self._upkeep.due(self.appliance, histories, now=now, paused=False, busy=(), awaiting=engaged)
            if self._upkeep.decisions == before:
                return due

    # ---- runs ----

    def _create(self, due: Due, now: datetime) -> None:
        client, truth = self._clients[due.client], self._truth[due.client]
        if self._chance.random() < 0.01:
            length = self._chance.choice((6, 24, 72, 240, 800))
            truth.away.append((now, now + timedelta(hours=length)))
        outcome, reason = self._outcome(client, truth, now)
        record = self._begun(due, now)
        entries: tuple[LedgerEntry, ...] = ()
        if outcome.is_good:
            archive = self._archive(client.name, now)
            record = replace(record, archive=archive, repository=self._repository(client.name))
            entries = (LedgerEntry(client=client.name, archive=archive, run_id=record.run_id),)
            truth.last_success = now
            truth.made(archive.id, now.astimezone(self.appliance.timezone))
        self._end(record, outcome, reason, entries)

    def _outcome(self, client: Client, truth: Truth, now: datetime) -> tuple[Outcome, Reason | None]:
        if truth.is_away(now):
            skipped = (
                getattr(client, "offline", "") == "skip" and (truth.last_success or now) + client.overdue_after > now
            )
            return (Outcome.SKIPPED, Reason.OFFLINE) if skipped else (Outcome.FAILED, Reason.UNREACHABLE)
        luck = self._chance.random()
        if luck < 0.02:
            return Outcome.FAILED, self._chance.choice(_PASSING)
        return (Outcome.WARNING, Reason.UNREADABLE) if luck < 0.05 else (Outcome.SUCCESS, None)

    def _keep_up(self, due: Due, now: datetime) -> None:
        record = replace(self._begun(due, now), repository=self._repository(due.client))
        gone: tuple[str, ...] = ()
        if due.operation is Operation.PRUNE:
            there = [(entry.archive.id, entry.archive.started) for entry in self.journal.archives(due.client)]
            kept = kept_by_borg(there, self.appliance)
            gone = tuple(archive for archive, _ in there if archive not in kept)
            self.seen.pruned += len(gone)
        if due.operation is Operation.CHECK:
            self._check(record)
        self._end(record, Outcome.SUCCESS, None, gone=gone)
        if due.operation is Operation.PRUNE:
            self._insist_kept(due.client, now)

    def _check(self, record: RunRecord) -> None:
        """Find everything whole that is to be read; what was begun in part comes to its end at the next time or so."""
        name, ledger = record.client, self.journal.archives(record.client)
        known = self.journal.repository(name)
        assert known is not None
        before, truth = Checked.from_json(self.journal.fact(checked_fact(name))), self._truth[name]
        planned = plan_check(
            self._clients[name],
            before,
            ledger,
            now=record.started,
            since=known.first_seen,
            last=truth.last_check,
            zone=self.appliance.timezone,
            disk_size=10**10,
        )
        truth.last_check = record.started
        part = planned.repository == "part" and self._chance.random() < 0.5
        findings = CheckFindings(
            repository="part" if part else planned.repository and "whole",
            verified=tuple(entry.archive.id for entry in ledger if entry.archive.name in planned.archives),
        )
        ended = replace(record, finished=record.started, outcome=Outcome.SUCCESS)
        found = after(before, ended, findings, ledger)
        assert found is not None
        self.journal.set_fact(checked_fact(name), found.to_json())

    def _begun(self, due: Due, now: datetime) -> RunRecord:
        self.seen.runs += 1
        record = RunRecord(
            run_id=f"{now:%Y%m%dT%H%M%S}-{self.seen.runs:08x}",
            client=due.client,
            operation=due.operation,
            trigger=Trigger.SCHEDULE,
            method="sshfs",
            started=now,
        )
        self.journal.begin(record)
        return record

    def _end(
        self,
        record: RunRecord,
        outcome: Outcome,
        reason: Reason | None,
        entries: tuple[LedgerEntry, ...] = (),
        gone: tuple[str, ...] = (),
    ) -> None:
        self.seen.failed += outcome is Outcome.FAILED
        finished = record.started + timedelta(minutes=self._chance.randrange(1, 9))
        said = "" if outcome is Outcome.SUCCESS else f"It ended as it had to, by {reason}."
        ended = replace(record, finished=finished, outcome=outcome, reason=reason, message=said)
        self.journal.finish(ended, entries, gone)

    def _archive(self, client: str, now: datetime) -> ArchiveStats:
        size = self._chance.randrange(10**9, 10**11)
        return ArchiveStats(
            name=f"{client}-{now:%Y-%m-%dT%H:%M:%S}",
            id=f"{self._chance.getrandbits(256):064x}",
            started=now,
            original_size=size,
            compressed_size=size // 2,
            deduplicated_size=size // 1000,
            files=self._chance.randrange(10**4, 10**6),
        )

    def _repository(self, client: str) -> RepositoryStats:
        size = self._chance.randrange(10**9, 10**11)
        return RepositoryStats(
            id=client.encode().hex().ljust(64, "0"),
            encryption="repokey-blake2",
            total_size=size * 20,
            total_csize=size * 10,
            unique_csize=size,
            total_chunks=size // 10**5,
            total_unique_chunks=size // 10**6,
            disk_size=size + 10**6,
            archives=17,
            transaction=self.seen.runs,
            segments=self.seen.runs,
        )

    # ---- what should hold all the time ----

    def _look(self, now: datetime) -> None:
        """Look for alarms as the supervisor does, and hold them against the truth."""
        self._alarms.look(self.appliance, self._histories, now, "")
        told = {one.alarm.client for one in self.journal.alarms() if one.alarm.kind in _TOO_OLD}
        for client in self.appliance.clients:
            good = self._truth[client.name].last_success or self._begin
            is_stale = now - good > client.overdue_after
            since = self._stale.setdefault(client.name, now) if is_stale else now
            if not is_stale:
                self._stale.pop(client.name, None)
            self.seen.overdue += is_stale and since == now
            waited = now - max(since, self._began)
            if is_stale and client.name not in told and waited > self._noticed_within:
                self.seen.unnoticed.append(f"{client.name} at {now:%Y-%m-%d %H:%M}")
            if client.name in told and not is_stale and now - good > self._noticed_within:
                self.seen.false_alarms.append(f"{client.name} at {now:%Y-%m-%d %H:%M}")

    def overdue_checks(self, now: datetime) -> list[str]:
        """Name the archives that nobody has read for twice as long as `check.data` of these clients says (monthly)."""
        found = []
        for client in self.appliance.clients:
            checked = Checked.from_json(self.journal.fact(checked_fact(client.name)))
            for entry in self.journal.archives(client.name):
                read = checked.archives.get(entry.archive.id, entry.archive.started)
                found += [f"{entry.archive.name}: {read:%Y-%m-%d}"] if now - read > timedelta(days=62) else []
        return found

    def _insist_kept(self, client: str, now: datetime) -> None:
        """The newest archive ever made in each of the newest days, weeks and months that have one is still there."""
        there = {entry.archive.id for entry in self.journal.archives(client)}
        for name, _, count in _PERIODS:
            newest = self._truth[client].newest[name]
            for period in sorted(newest)[-count:]:
                if newest[period] not in there:
                    self.seen.wrongly_pruned.append(f"{client} at {now:%Y-%m-%d}: the {name} one of {period}")


_TOO_OLD = (AlarmKind.OVERDUE, AlarmKind.NEVER_SUCCEEDED)


def kept_by_borg(archives: Iterable[tuple[str, datetime]], appliance: Appliance) -> set[str]:
    """Choose as `borg prune` documents it: each rule keeps the newest of its periods that no rule before has kept."""
    newest_first = sorted(archives, key=lambda one: one[1], reverse=True)
    kept: set[str] = set()
    for _, key, count in _PERIODS:
        last, chosen = "", 0
        for archive, started in newest_first:
            period = f"{started.astimezone(appliance.timezone):{key}}"
            if period == last:
                continue
            last = period
            if archive not in kept:
                kept.add(archive)
                chosen += 1
            if chosen == count:
                break
    return kept
