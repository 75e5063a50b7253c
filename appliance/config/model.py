"""The configuration as frozen values. Every default of the product stands here and nowhere else."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SkipValidation, model_validator

from appliance.config.channels import ChannelUrls, PingUrl
from appliance.config.frequency import Frequency
from appliance.config.owner import IMAGES_OWN, Owner
from appliance.config.values import (
    Address,
    ArchivePattern,
    ClientName,
    CommandLine,
    Compression,
    Count,
    Duration,
    FileName,
    Flag,
    FolderPath,
    Host,
    IpAddress,
    JumpHosts,
    Listen,
    MacAddress,
    Memory,
    NetworkName,
    Pattern,
    Port,
    Quota,
    Schedule,
    Share,
    Size,
    SourcePath,
    TimeZone,
    UserName,
    VolumeName,
    Window,
)

ONE_SOURCE = (
    'needs exactly one of folder (a path on the Docker host, as "/mnt/nas") and volume (a Docker volume\'s name)'
)


class Values(BaseModel):
    """Frozen and strict: an unknown key is an error, a string is not a number.

    What checks a model is built when it first checks something: most houses use one method of five.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)


class Names(StrEnum):
    """How owners are named in the archive (method sshfs)."""

    CLIENT = "client"
    CHROOT = "chroot"
    NUMERIC = "numeric"


class Listing(StrEnum):
    """Whether the files of a machine are listed in one stream before they are read (method sshfs)."""

    AUTO = "auto"
    REQUIRE = "require"
    NEVER = "never"


class Keep(Values):
    """Which archives prune keeps. At least one rule, or the configuration is refused (S7)."""

    last: Count = 0
    within: Duration | None = None
    hourly: Count = 0
    daily: Count = 0
    weekly: Count = 0
    monthly: Count = 0
    yearly: Count = 0

    @model_validator(mode="after")
    def _keeps_something(self) -> Self:
        if not any((self.last, self.within, self.hourly, self.daily, self.weekly, self.monthly, self.yearly)):
            raise ValueError(
                "keeps nothing, so a prune would delete every archive; give at least one rule, such as { daily = 7 }, "
                "or leave keep out to keep every archive"
            )
        return self


class Check(Values):
    """How often what is kept is looked at. `budget` is how long one look may read before it goes on another night."""

    repository: Frequency = Frequency.parse("weekly")
    data: Frequency = Frequency.parse("monthly")
    drill: Frequency = Frequency.parse("weekly")
    budget: Duration = timedelta(hours=1)


class ClientBase(Values):
    """What every client has, whatever its method. Durations are timedeltas, sizes bytes."""

    name: ClientName
    enabled: Flag = True
    paths: tuple[SourcePath, ...] = Field(min_length=1)
    exclude: tuple[Pattern, ...] = ()
    exclude_caches: Flag = False
    schedule: Schedule = Field(default_factory=lambda: Schedule.parse("@daily"))
    window: Window | None = None
    max_age: Duration | None = None
    timeout: Duration = timedelta(hours=24)
    connection_timeout: Duration = timedelta(seconds=45)
    stall_timeout: Duration = timedelta(minutes=30)
    keep: Keep | None = None
    protect: tuple[ArchivePattern, ...] = ()
    compact_after: Duration | None = None
    check: Check = Check()
    encryption: Literal["repokey-blake2", "repokey", "authenticated-blake2", "authenticated"] = "repokey-blake2"
    compression: Compression = "zstd,3"
    max_shrink: Share = 0.5
    max_change: Share = 0.3
    failing_after: Annotated[Count, Field(ge=1)] = 3
    notify: ChannelUrls | None = None
    notify_on: tuple[Literal["failure", "warning", "success"], ...] = ("failure", "warning")
    healthchecks: PingUrl | None = None
    memory: Memory | None = None
    quota: Quota | None = None

    @model_validator(mode="after")
    def _comes_round(self) -> Self:
        # Only now is the name known, by which `H` becomes a day or a month.
        self.schedule.insist_on_a_day(self.name)
        return self

    @property
    def overdue_after(self) -> timedelta:
        """How old the last good archive may grow before the client is overdue: `max_age`, else by the schedule."""
        return self.schedule.overdue_after if self.max_age is None else self.max_age


class Reach(StrEnum):
    """How the server gets to the client's sshd."""

    DIRECT = "direct"
    JUMP = "jump"
    DIAL_IN = "dial-in"


class Hook(Values):
    """A command on the client before or after a run; as a text it is the command alone."""

    command: CommandLine
    timeout: Duration = timedelta(minutes=5)
    on_failure: Literal["stop", "warn"] = "stop"

    @classmethod
    def read(cls, value: object) -> object:
        """Take a plain text for the command."""
        return {"command": value} if isinstance(value, str) else value


Hooks = tuple[Annotated[Hook, BeforeValidator(Hook.read, json_schema_input_type=str | Hook)], ...]


class Stream(Values):
    """What a command on the client prints is backed up in place of files, and never touches the client's disk."""

    command: CommandLine
    name: FileName


class MachineClient(ClientBase):
    """A machine that is reached by ssh. `host` is its address as the machine sees it that connects to its sshd."""

    host: Host
    port: Port = 22
    user: UserName = "root"
    reach: Reach = Reach.DIRECT
    jump: JumpHosts = ()
    before: Hooks = ()
    after: Hooks = ()
    offline: Literal["fail", "skip"] = "fail"
    wake: MacAddress | None = None
    wake_via: IpAddress = "255.255.255.255"
    wake_timeout: Duration = timedelta(minutes=3)

    @model_validator(mode="after")
    def _can_be_woken(self) -> Self:
        if self.wake is not None and self.reach is not Reach.DIRECT:
            raise ValueError(
                f'cannot have wake with reach = "{self.reach}": the packet that wakes a machine does not get past '
                "the server's own network; remove wake"
            )
        if self.wake is not None and self.wake_timeout >= self.stall_timeout:
            raise ValueError("has a wake_timeout that is not shorter than its stall_timeout, which would end the run")
        return self

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.reach is Reach.JUMP and not self.jump:
            raise ValueError('has reach = "jump" and no machine to jump through; add jump = "john@inter.lan"')
        if self.jump and self.reach is not Reach.JUMP:
            raise ValueError(f'has jump, which needs reach = "jump", not "{self.reach}"; change reach or remove jump')
        return self


class SshfsClient(MachineClient):
    """A machine that offers SFTP; Borg runs in the pull container over a read-only mount of its files."""

    method: Literal["sshfs"] = "sshfs"
    names: Names = Names.CLIENT
    listing: Listing = Listing.AUTO


class BorgClient(MachineClient):
    """A machine on which Borg itself runs, and speaks to a `borg serve` in the pull container."""

    names: Literal[Names.CLIENT, Names.NUMERIC] = Names.CLIENT
    paths: tuple[SourcePath, ...] = ()
    stream: Stream | None = None

    @model_validator(mode="after")
    def _has_something_to_read(self) -> Self:
        if bool(self.paths) == (self.stream is not None):
            raise ValueError('needs exactly one of paths (such as ["/"]) and stream (a command whose output is kept)')
        return self


class SocatClient(BorgClient):
    """The way is a UNIX socket that ssh forwards from the client to the pull container."""

    method: Literal["socat"]


class SshAgentClient(BorgClient):
    """The client calls an sshd in the pull container at `callback`, with a key that stays in our agent."""

    method: Literal["ssh-agent"]
    callback: Address
    dedicated_key: Flag = False

    @model_validator(mode="after")
    def _can_call_back(self) -> Self:
        if self.reach is Reach.DIAL_IN:
            raise ValueError(
                'cannot have method = "ssh-agent" with reach = "dial-in": the client would have to call the server '
                'while the pull goes through the gateway; method = "socat" or "remote-forward" comes back through the '
                "same tunnel"
            )
        return self


class RemoteForwardClient(BorgClient):
    """The client calls a port of its own that ssh forwards to an sshd in the pull container."""

    method: Literal["remote-forward"]


class MountClient(ClientBase):
    """A folder or Docker volume of the host (NFS and SMB shares too); Borg runs in the pull container."""

    method: Literal["mount"]
    paths: tuple[SourcePath, ...] = Field(default=("/",), min_length=1)
    folder: FolderPath | None = None
    volume: VolumeName | None = None
    marker: SourcePath | None = None
    read_all: Flag = False
    names: Literal[Names.NUMERIC] = Names.NUMERIC
    reach: Literal[Reach.DIRECT] = Reach.DIRECT

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.folder is None) == (self.volume is None):
            raise ValueError(ONE_SOURCE)
        return self


AnyBorgClient = SocatClient | SshAgentClient | RemoteForwardClient
Client = SshfsClient | AnyBorgClient | MountClient


class ApplianceSettings(Values):
    """The `[appliance]` table."""

    name: ClientName = "borgpull"
    max_parallel: Annotated[Count, Field(ge=1, le=64)] = 2
    timezone: TimeZone | None = None
    network: NetworkName = "bridge"
    listen: Listen = "0.0.0.0:9187"
    free_space: Size = 1 << 30
    privileged: Flag = False
    fuse_device: SourcePath = "/dev/fuse"
    dns: tuple[IpAddress, ...] = ()
    gateway: Address | None = None
    log_format: Literal["text", "json"] = "text"
    keep_logs: Annotated[Count, Field(ge=1, le=10_000)] = 100
    notify: ChannelUrls = ()
    remind_after: Duration = timedelta(days=7)
    report: Literal["weekly", "never"] = "never"


class Appliance(Values):
    """The whole configuration, complete at the door."""

    settings: ApplianceSettings
    # Each has been checked by itself; to do so again takes as long as before.
    clients: SkipValidation[tuple[Client, ...]]
    timezone: ZoneInfo
    owner: Owner = IMAGES_OWN
    # Not one key in borgpull.toml: hardly anybody writes that, but a disk that is full does.
    is_main_blank: bool = False

    def client(self, name: str) -> Client | None:
        """Return the client of that name, or None."""
        return next((client for client in self.clients if client.name == name), None)
