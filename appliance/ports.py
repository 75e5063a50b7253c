"""What the core asks of the world. Small: a fake of each fits one screen and passes the same contract suite."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from appliance.record import Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from appliance.notice import AlarmState, ChannelRecord, Notice, Pending
    from appliance.record import (
        Glance,
        KnownRepository,
        LedgerEntry,
        Progress,
        Reason,
        Request,
        RequestKind,
        RestoreOrder,
        RunRecord,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Something mounted into a container.

    `source` is a path of the supervisor, which the engine translates; a path of the engine's host with `host=True`;
    or the name of a volume, which must exist, with `volume=True`.
    """

    source: str
    target: str
    read_only: bool = True
    host: bool = False
    volume: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """A container to start, as data. `memory` in bytes, `stop_grace` in seconds; network "none" means none at all.

    The engine keeps the last `log_bytes` of its output for certain, and at most about twice as much: a reader that is
    further behind misses some.

    `ports` are (port in the container, port on the engine's host): published while the container runs. The network
    "container:NAME" is that of another container.
    `scratch_owner` (uid, gid) owns /run/borgpull; None is the image's own user.
    An empty `entrypoint` means the image's own. Whatever the spec says, the root file system is read-only, with
    /run/borgpull and /tmp in memory, every capability but `capabilities` is dropped, and an init process reaps.
    """

    name: str
    command: tuple[str, ...]
    entrypoint: tuple[str, ...] = ()
    labels: Mapping[str, str]
    mounts: tuple[Mount, ...]
    network: str
    user: str = ""
    scratch_owner: tuple[int, int] | None = None
    capabilities: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    security: tuple[str, ...] = ("no-new-privileges",)
    privileged: bool = False
    memory: int | None = None
    log_bytes: int = 20_000_000
    dns: tuple[str, ...] = ()
    ports: tuple[tuple[int, int], ...] = ()
    stop_grace: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    """What the engine knows of one of our containers. `exit_code` is None while it runs (or was never started)."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    running: bool
    started: bool = True
    exit_code: int | None = None
    out_of_memory: bool = False
    finished: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidLine:
    """A line that a container wrote, without its newline: when (None where the engine did not say), and where to."""

    text: str
    time: datetime | None = None
    error: bool = False


class Engine(Protocol):
    """The container engine. Every method raises EngineError when the engine is unreachable or refuses."""

    def start(self, spec: ContainerSpec) -> None:
        """Create and start; raises NameTakenError when the name is held, DeviceMissingError without the device.

        And PortTakenError when another has a port that is to be published.
        A container that could be created but not started is removed again.
        """

    def lines(self, name: str) -> Iterator[str]:
        """Yield the container's standard output, whole lines, from its very first; ends when it ends or is gone.

        A broken stream ends the iteration early: only `inspect` says whether the container still runs.
        """

    def said(self, name: str, *, follow: bool = False) -> Iterator[SaidLine]:
        """Yield all it wrote to standard output and error, in whole lines; with `follow` on until it ends.

        Nothing for a container that is not there. Raises EngineError also when the stream breaks: half a log must not
        look like a whole one.
        """

    def log(self, name: str) -> str:
        """Return the end of its standard output and error, for an error report; empty when there is no container."""

    def inspect(self, name: str) -> ContainerState | None:
        """Return the state of that container, or None when there is none."""

    def stop(self, name: str, grace_seconds: int) -> None:
        """Ask it to end, kill it after the grace; a container that is not there is no error."""

    def remove(self, name: str) -> None:
        """Remove it, running or not; a container that is not there is no error."""

    def ours(self, appliance_id: str) -> Sequence[ContainerState]:
        """Return every container that carries this appliance's label, running or not."""


class Journal(Protocol):
    """The record of all runs and the ledger. Every method raises StateError when the journal cannot be used."""

    def begin(self, record: RunRecord) -> None:
        """Write down that a run starts, before anything of it happens."""

    def finish(
        self,
        record: RunRecord,
        ledger: Sequence[LedgerEntry] = (),
        gone: Sequence[str] = (),
        notices: Sequence[Notice] = (),
    ) -> None:
        """Write down how it ended and which archives are good, in one transaction; clears its progress.

        `notices` are what the operator is told of it, which no crash can lose once the end is written.
        `gone` are the ids of archives of this client that leave the ledger: pruned, or given up by the operator.
        Pins the repository id on the first good run, and keeps the newest good run's transaction as the point to roll
        back to. Finishing a run twice keeps the first end. A run that nobody began is recorded all the same.
        """

    def progress(self, run_id: str, progress: Progress) -> None:
        """Keep the latest progress of a run in progress."""

    def progress_of(self, run_id: str) -> Progress | None:
        """Return the latest progress of a run in progress; None before the first, and after the end."""

    def run(self, run_id: str) -> RunRecord | None:
        """Return one run, or None when there is none of that id."""

    def unfinished(self) -> Sequence[RunRecord]:
        """Return the runs that began and have no end, oldest first."""

    def history(self, client: str | None = None, *, limit: int = 50) -> Sequence[RunRecord]:
        """Return the newest runs first; all clients when none is named."""


class Ledger(Protocol):
    """The part of the journal that knows clients: what is good, and what is pinned."""

    def last_runs(self, operation: Operation = Operation.CREATE) -> Mapping[str, ClientHistory]:
        """Return what planning needs to know of every client that ever finished a run of that operation, by name."""

    def standings(self) -> Mapping[Operation, Mapping[str, Standing]]:
        """Return how each client stands with every operation that any run of it has finished, by operation and name."""

    def spans(self) -> Mapping[str, Span]:
        """Return from when to when the good archives of each client are, by name; none for one without archives."""

    def archives(self, client: str) -> Sequence[LedgerEntry]:
        """Return the good archives, oldest first."""

    def repository(self, client: str) -> KnownRepository | None:
        """Return the pinned repository, or None before the first good run."""


class Past(Protocol):
    """The part of the journal that reports look back into."""

    def glances(self, since: datetime) -> Iterator[Glance]:
        """Yield the numbers of every finished create run that began then or later, oldest first."""

    def good_starts(self, since: datetime) -> Iterator[tuple[str, datetime]]:
        """Yield client and start of every good create run that began then or later: less to read than its numbers."""


class Requests(Protocol):
    """How the command line and the supervisor talk: a table of the journal."""

    def ask(
        self,
        kind: RequestKind,
        client: str,
        operation: Operation,
        *,
        accept_shrink: bool = False,
        restore: RestoreOrder | None = None,
    ) -> int:
        """Leave a request; returns its id."""

    def open_requests(self) -> Sequence[Request]:
        """Return the requests nobody has answered, oldest first."""

    def answer(self, request_id: int, *, run_id: str = "", refusal: str = "") -> None:
        """Say which run it became, or why it will not be done."""

    def request(self, request_id: int) -> Request | None:
        """Return the request, to see its answer."""


class Facts(Protocol):
    """Small things the appliance must remember, by name; also how the supervisor tells the command line how it is."""

    def fact(self, key: str) -> str | None:
        """Return the fact, or None when it was never set."""

    def facts(self, prefix: str) -> Mapping[str, str]:
        """Return every fact whose name begins so."""

    def set_fact(self, key: str, value: str) -> None:
        """Remember the fact in place of what was known before."""


class Outbox(Protocol):
    """What the operator is told: the state of alarms, and notices until they are delivered. Raises StateError."""

    def alarms(self) -> Sequence[AlarmState]:
        """Return the alarms that are not cleared, oldest first."""

    def settle(self, alarms: Sequence[AlarmState], notices: Sequence[Notice]) -> None:
        """Write these alarms in place of what was known of them, and post these notices, all or nothing."""

    def pending(self) -> Sequence[Pending]:
        """Return the notices that wait to be delivered, oldest first."""

    def delivered(self, notice_id: int, kind: str) -> None:
        """Forget a notice that has arrived; counts a delivery over that kind of channel."""

    def not_delivered(self, notice_id: int, kind: str, trouble: str, next_try: datetime | None) -> None:
        """Keep a notice until the next try, or give it up when there is none; counts a failure.

        An alarm of which a notice is given up that it holds has not been told: `told` of it is None again.
        """

    def channel_records(self) -> Sequence[ChannelRecord]:
        """Return how deliveries went, by kind of channel."""


class Notifier(Protocol):
    """A way to tell the operator something."""

    def send(self, url: str, notice: Notice) -> None:
        """Deliver it within a bounded time; raises NotifyError, whose sentence never holds the URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From the start of the oldest to that of the newest archive of a client that the ledger knows."""

    oldest: datetime
    newest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHistory:
    """The finished runs of one operation for one client, folded: what scheduling, status and metrics need.

    `last` is the newest by start. A skipped run counts as a run, but neither as a failure nor as a success.
    `archives` is the number of archives in the ledger; bytes and durations are sums over all runs.
    """

    client: str
    last: RunRecord
    last_success: RunRecord | None = None
    consecutive_failures: int = 0
    runs: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    duration_seconds: float = 0.0
    original_bytes: int = 0
    deduplicated_bytes: int = 0
    archives: int = 0

    @classmethod
    def after(cls, before: ClientHistory | None, run: RunRecord) -> ClientHistory:
        """Fold one more finished run in; `archives` is left as it was."""
        before = before or cls(client=run.client, last=run)
        good = run.outcome is not None and run.outcome.is_good
        bad = run.outcome in (Outcome.FAILED, Outcome.INTERRUPTED)
        failures = dict(before.failures)
        if bad and run.reason is not None:
            failures[run.reason.value] = failures.get(run.reason.value, 0) + 1
        success = before.last_success
        if good and (success is None or run.is_newer_than(success)):
            success = run
        return cls(
            client=run.client,
            last=run if run.is_newer_than(before.last) else before.last,
            last_success=success,
            consecutive_failures=0 if good else before.consecutive_failures + bad,
            runs=before.runs + 1,
            failures=failures,
            duration_seconds=before.duration_seconds + (run.duration.total_seconds() if run.duration else 0.0),
            original_bytes=before.original_bytes + (run.archive.original_size if run.archive else 0),
            deduplicated_bytes=before.deduplicated_bytes + (run.archive.deduplicated_size if run.archive else 0),
            archives=before.archives,
        )


class Standing(NamedTuple):
    """How a client stands with one operation: of ClientHistory what says so, without the records.

    `method`, `outcome`, `reason`, `message` and `finished` are those of the last run, the `good` ones those of the last
    success, as are `disk_bytes`, the repository's size then or None where that run did not look, and `listed_by`. A
    tuple, since `status` of a thousand clients reads four thousand of them.
    """

    client: str
    method: str
    outcome: Outcome | None
    reason: Reason | None
    message: str
    finished: datetime | None
    good_started: datetime | None
    good_finished: datetime | None
    disk_bytes: int | None
    listed_by: str | None
    consecutive_failures: int
    archives: int

    @classmethod
    def of(cls, history: ClientHistory) -> Standing:
        """Take it from the whole history."""
        last, good = history.last, history.last_success
        return cls(
            client=history.client,
            method=last.method,
            outcome=last.outcome,
            reason=last.reason,
            message=last.message,
            finished=last.finished,
            good_started=good.started if good else None,
            good_finished=good.finished if good else None,
            disk_bytes=good.repository.disk_size if good and good.repository else None,
            listed_by=good.listed_by if good else None,
            consecutive_failures=history.consecutive_failures,
            archives=history.archives,
        )


class Clock(Protocol):
    """The time, and waiting."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
