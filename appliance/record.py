"""What happened, as values: outcomes, reasons, archives and the record of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from appliance.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from typing import Any


class Operation(StrEnum):
    """What a run does for a client."""

    CREATE = "create"
    PRUNE = "prune"
    DRILL = "drill"
    PROBE = "probe"
    CHECK = "check"
    REPAIR = "repair"
    ACCEPT = "accept"
    PURGE = "purge"
    RESTORE = "restore"

    @property
    def is_upkeep(self) -> bool:
        """Whether it looks after what is kept already, and so stands behind every backup."""
        return self in (Operation.PRUNE, Operation.CHECK, Operation.DRILL)

    @property
    def by_hand(self) -> bool:
        """Whether it is a decision of the operator that has a command of its own (`borgpull repair`, `restore`)."""
        return self in (Operation.REPAIR, Operation.ACCEPT, Operation.PURGE, Operation.RESTORE)


class Way(StrEnum):
    """How what is restored gets where it is to be."""

    CHROOT = "chroot"
    NUMERIC = "numeric"
    TAR = "tar"
    CLIENT = "client"
    LOCAL = "local"


class Trigger(StrEnum):
    """Why a run was started."""

    SCHEDULE = "schedule"
    CATCH_UP = "catch-up"
    RETRY = "retry"
    OPERATOR = "operator"


class Outcome(StrEnum):
    """How a run ended."""

    SUCCESS = "success"
    WARNING = "warning"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    SKIPPED = "skipped"

    @property
    def is_good(self) -> bool:
        """Whether an archive that counts came out of it."""
        return self in (Outcome.SUCCESS, Outcome.WARNING)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of `borgpull run`, and of the pull container, for this outcome."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Outcome.SUCCESS: ExitCode.SUCCESS,
    Outcome.WARNING: ExitCode.WARNING,
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.INTERRUPTED: ExitCode.INTERRUPTED,
    Outcome.SKIPPED: ExitCode.SKIPPED,
}


class Reason(StrEnum):
    """Why a run did not fully work. A fixed vocabulary: metrics, alerts and runbooks are keyed by it."""

    UNREACHABLE = "unreachable"
    AUTH = "auth"
    HOST_KEY = "host_key"
    NO_SFTP = "no_sftp"
    FORWARDING = "forwarding"
    CALLBACK = "callback"
    CLIENT_TOOLS = "client_tools"
    CLIENT_BORG = "client_borg"
    HOOK = "hook"
    OFFLINE = "offline"
    SOURCE_MISSING = "source_missing"
    SOURCE_EMPTY = "source_empty"
    SOURCE_CHANGED = "source_changed"
    CONNECTION_LOST = "connection_lost"
    STALLED = "stalled"
    COLLAPSED = "collapsed"
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    OWNERS = "owners"
    REPOSITORY_MISSING = "repository_missing"
    REPOSITORY = "repository"
    PASSPHRASE = "passphrase"  # noqa: S105 - the name of a reason
    NO_SPACE = "no_space"
    READ_ONLY = "read_only"
    QUOTA = "quota"
    LOCK = "lock"
    INTEGRITY = "integrity"
    MISMATCH = "mismatch"
    REPLAY = "replay"
    TAMPERING = "tampering"
    RETENTION = "retention"
    CHANGE_BURST = "change_burst"
    CLOCK = "clock"
    NOT_FOUND = "not_found"
    TARGET = "target"
    RESTORE_KEY = "restore_key"
    FUSE = "fuse"
    ENGINE = "engine"
    OUT_OF_MEMORY = "out_of_memory"
    KILLED = "killed"
    STOPPED = "stopped"
    TIMEOUT = "timeout"
    BUSY = "busy"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOrder:
    """What is to be restored, and where to.

    `archive` is an exact name. `paths` are paths in the archive or patterns of Borg; none means everything. `target` is
    a folder of the destination, "" only with `in_place`; `destination` is another client, "" the archive's own.
    `form` and `stream` are those of way local: a folder (""), "tar", "tar.zst" or "zip", and the pipe it goes into.
    `preview` only looks; `resume` goes on with a restore that was cut off.
    """

    archive: str
    way: Way
    paths: tuple[str, ...] = ()
    target: str = ""
    in_place: bool = False
    destination: str = ""
    form: str = ""
    stream: str = ""
    preview: bool = False
    resume: bool = False

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> RestoreOrder:
        """Read one back from what JSON has of it."""
        return cls(**{**fields, "way": Way(fields["way"]), "paths": tuple(fields["paths"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveStats:
    """One archive as Borg reported it; sizes in bytes."""

    name: str
    id: str
    started: datetime
    original_size: int
    compressed_size: int
    deduplicated_size: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryStats:
    """The repository after a run; sizes in bytes. `unique_csize` is Borg's word for the compressed unique chunks.

    `transaction` is the highest committed segment and `segments` how many segment files there were then: what has a
    higher number is newer, and with fewer than that up to it a compact has been there since. None in old records.
    """

    id: str
    encryption: str
    total_size: int
    total_csize: int
    unique_csize: int
    total_chunks: int
    total_unique_chunks: int
    disk_size: int
    archives: int
    transaction: int | None = None
    segments: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the run in progress has come. Sizes in bytes; `step` from plan.events; `path` is the client's text.

    `total_size` is what `original_size` grows to, 0 where nobody knows.
    """

    step: str
    files: int = 0
    original_size: int = 0
    deduplicated_size: int = 0
    total_size: int = 0
    path: str = ""
    updated: datetime | None = None


# In `RunRecord.listed_by`: no program of the client listed it, so the archive has no more than SFTP tells.
BY_SFTP = "SFTP"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One attempt at one operation for one client. `finished` is None while it runs.

    `message` is the sentence for the operator, `warnings` the first few of `warning_count` warnings. `listed_by` is
    what listed the client's files before they were read: a tool of the client's own (find, python3, perl, busybox), or
    BY_SFTP where it gave none; None where nothing was listed, as by stock sshfs and by other methods, and in old
    records.
    """

    run_id: str
    client: str
    operation: Operation
    trigger: Trigger
    method: str
    started: datetime
    finished: datetime | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    message: str = ""
    warnings: tuple[str, ...] = field(default=())
    warning_count: int = 0
    exit_code: int | None = None
    archive: ArchiveStats | None = None
    repository: RepositoryStats | None = None
    source_filesystem: str = ""
    restore: RestoreOrder | None = None
    listed_by: str | None = None

    def is_newer_than(self, other: RunRecord) -> bool:
        """Whether it is the later of the two by its start: an orphan of an earlier one may be recorded after the other.

        Where the other began after this one had ended, and was recorded before, a clock that was wrong has dated it.
        """
        return self.started >= other.started or other.started > (self.finished or self.started)

    @property
    def duration(self) -> timedelta | None:
        """How long it took; None while it runs."""
        return None if self.finished is None else self.finished - self.started


class Glance(NamedTuple):
    """The numbers of a finished create run, without its words: what a report of many thousands of them needs.

    Sizes in bytes as in ArchiveStats and RepositoryStats, None where the run made no archive or did not look. A tuple,
    since a year of a thousand clients is 365,000 of them.
    """

    client: str
    started: datetime
    finished: datetime
    outcome: Outcome
    original_bytes: int | None = None
    deduplicated_bytes: int | None = None
    disk_bytes: int | None = None

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.finished - self.started).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """An archive known to be good: it passed every gate and stands in the repository under its final name."""

    client: str
    archive: ArchiveStats
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPoint:
    """How the repository stood at the end of the newest good run: the state that can be rolled back to (S6)."""

    transaction: int
    segments: int
    run_id: str
    reached: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRepository:
    """The repository that belongs to a client: its id is pinned at the first good look (S9)."""

    client: str
    repository_id: str
    first_seen: datetime
    point: RollbackPoint | None = None


class RequestKind(StrEnum):
    """What the command line may ask of the supervisor."""

    RUN = "run"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something the command line asks of the supervisor through the journal.

    `run_id` is filled in when the supervisor has acted, `refusal` when it will not.
    """

    request_id: int
    kind: RequestKind
    client: str
    operation: Operation
    created: datetime
    accept_shrink: bool = False
    restore: RestoreOrder | None = None
    run_id: str = ""
    refusal: str = ""
    answered: datetime | None = None
