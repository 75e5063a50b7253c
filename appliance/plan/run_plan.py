"""What a run will do, as data: written by the supervisor, printed by `borgpull plan`, read by the pull container."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan import places
from appliance.record import RestoreOrder, Way

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Of `listing`: the client's files come by stock sshfs; only in one stream.
NEVER, REQUIRE = "never", "require"
# What a mount of our own shows beyond SFTP; ACLs and other extended attributes only where the client has any.
TRUE_INODES, ACLS, XATTRS = "true-inodes", "acls", "xattrs"
# As what they are mounted: by stock sshfs, or by our own file system.
STOCK_SSHFS, PULLFS = "fuse.sshfs", "fuse.pullfs"
# The methods whose Borg runs on the client, and so writes to the repository itself.
BORG_ON_CLIENT = ("socat", "ssh-agent", "remote-forward")


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The last good archive, against which a collapse of the source is judged."""

    files: int
    original_size: int
    filesystem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A machine on the way to the client, or the address that the client calls back."""

    host: str
    port: int
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedHook:
    """A command on the client before or after the run; `timeout` in seconds, `must_work` ends the run without it."""

    command: str
    timeout: int
    must_work: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownArchive:
    """An archive that the ledger vouches for; `started` in ISO form, as the repository's list has it."""

    name: str
    id: str
    started: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodPoint:
    """How the repository stood at its newest good run: see RepositoryStats."""

    transaction: int
    segments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCheck:
    """What a check reads: the repository's files "whole", in "part" or not (""), and archives by name, in this order.

    `budget` is how many seconds it may read before the rest goes on another night; 0 is no limit.
    """

    repository: str
    budget: int
    archives: tuple[str, ...]

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> PlannedCheck:
        """Read one back from what JSON has of it."""
        return cls(**{**fields, "archives": tuple(fields["archives"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """Everything a pull container needs to know. Holds no secret; durations in seconds, sizes in bytes.

    `repository_id` is None only before the first good run of a client: then, and only then, may a repository be made.
    `alive` are the ids of the client's containers that run at this moment: their locks are theirs.
    `baseline` is None when nothing is known or the operator accepts a smaller source.
    `host` and `port` are where this run connects: for reach dial-in the gateway's end of the tunnel. `jump` are the
    machines on the way, first one first. `known` is the ledger; `storage_quota` in bytes bounds `borg serve`.
    `patience` is how long an absent client is waited for, since it has just been woken.
    `protect` are patterns of archives that no prune deletes; `compact` frees the room "after" the prune, "before" it
    (what earlier ones deleted) or "later". `reserve` is what Borg leaves free on the volume, and `quota` how large the
    repository may become whoever writes to it, both in bytes, 0 for no such bound.
    `uid` and `gid` are whom everything runs as and belongs to, `umask` (octal) is Borg's.
    `listing` says how the client's tree is read: in one stream, else by SFTP ("auto"), in one stream or not at all
    ("require"), or by sshfs ("never").
    `keep` are the options of `borg prune`, `point` is the state that a repair may roll back to.
    """

    run_id: str
    client: str
    operation: str
    appliance_id: str
    method: str
    names: str
    host: str = ""
    port: int = 22
    user: str = ""
    paths: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    exclude_caches: bool = False
    encryption: str = "repokey-blake2"
    compression: str = "zstd,3"
    archive_name: str = ""
    repository_id: str | None = None
    baseline: Baseline | None = None
    max_shrink: float = 0.5
    marker: str = ""
    read_all: bool = False
    timeout: int = 86400
    connection_timeout: int = 45
    stall_timeout: int = 1800
    arguments: tuple[str, ...] = ()
    alive: tuple[str, ...] = ()
    reach: str = "direct"
    jump: tuple[Hop, ...] = ()
    callback: Hop | None = None
    dedicated_key: bool = False
    before: tuple[PlannedHook, ...] = ()
    after: tuple[PlannedHook, ...] = ()
    stream_command: str = ""
    stream_name: str = ""
    storage_quota: int | None = None
    known: tuple[KnownArchive, ...] = ()
    keep: tuple[str, ...] = ()
    point: GoodPoint | None = None
    patience: int = 0
    restore: RestoreOrder | None = None
    check: PlannedCheck | None = None
    protect: tuple[str, ...] = ()
    compact: str = "after"
    reserve: int = 0
    quota: int = 0
    uid: int = places.UID
    gid: int = places.GID
    umask: str = "0077"
    listing: str = NEVER
    wrote_itself: bool = False

    @property
    def writes_from_the_client(self) -> bool:
        """Whether the client itself writes to its repository, and so can do there what it likes until a compact."""
        return self.method in BORG_ON_CLIENT

    @property
    def may_hold_the_clients_own(self) -> bool:
        """Whether the client itself ever wrote to its repository: another method makes nothing true of before."""
        return self.writes_from_the_client or self.wrote_itself

    @property
    def writes_on_the_client(self) -> bool:
        """Whether it needs the restore key, which the client lets in for a while only."""
        return self.restore is not None and self.restore.way is not Way.LOCAL

    @property
    def machine(self) -> str:
        """The client that is logged in to: the run's own, or another one that its archive is restored onto."""
        return (self.restore.destination if self.restore else "") or self.client

    @property
    def temporary_archive_name(self) -> str:
        """The name under which the archive is made; it gets its final name only after every gate."""
        return f"{self.client}.tmp-{self.run_id}"

    @property
    def time_in_name(self) -> str:
        """When the run was started, as its archive's name says it: UTC, to the second."""
        return self.archive_name.removeprefix(f"{self.client}-")

    def to_json(self) -> str:
        """Write the plan for the pull container."""
        return json.dumps(asdict(self), indent=2, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> RunPlan:
        """Read a plan back; raises StateError when it is not one."""
        try:
            fields = json.loads(text)
            lists = {key: tuple(value) for key, value in fields.items() if isinstance(value, list)}
            nested = {key: tuple(kind(**entry) for entry in fields[key]) for key, kind in _LISTS.items()}
            single = {key: kind(**fields[key]) if fields[key] else None for key, kind in _SINGLE.items()}
            order = RestoreOrder.from_fields(fields["restore"]) if fields.get("restore") else None
            check = PlannedCheck.from_fields(fields["check"]) if fields.get("check") else None
            return cls(**{**fields, **lists, **nested, **single, "restore": order, "check": check})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateError(f"the run plan cannot be read ({error}); the image and the supervisor differ") from error


_LISTS: dict[str, type[Hop | PlannedHook | KnownArchive]] = {
    "jump": Hop,
    "before": PlannedHook,
    "after": PlannedHook,
    "known": KnownArchive,
}
_SINGLE: dict[str, type[Hop | Baseline | GoodPoint]] = {"baseline": Baseline, "callback": Hop, "point": GoodPoint}
