"""What the operator is told, as values: alarms with their state, and notices on their way to a channel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class AlarmKind(StrEnum):
    """What can be wrong. A fixed vocabulary: docs/how-to/notifications.md has an entry for each."""

    OVERDUE = "overdue"
    FAILING = "failing"
    NEVER_SUCCEEDED = "never_succeeded"
    TAMPERING = "tampering"
    DAMAGED = "damaged"
    MISMATCH = "mismatch"
    COLLAPSED = "collapsed"
    CHANGE_BURST = "change_burst"
    HOST_KEY = "host_key"
    KEY_NOT_EXPORTED = "key_not_exported"
    ESCROW_OUTDATED = "escrow_outdated"
    DISK_FILLING = "disk_filling"
    CONFIG_INVALID = "config_invalid"
    ENGINE_DOWN = "engine_down"


class Severity(StrEnum):
    """How soon somebody should look: now, in the next days, or not at all."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Event(StrEnum):
    """What a notice is about. The last four are the pings of Healthchecks."""

    ALARM = "alarm"
    REMINDER = "reminder"
    RECOVERY = "recovery"
    RUN = "run"
    REPORT = "report"
    TEST = "test"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOGGED = "logged"

    @property
    def tells_an_alarm(self) -> bool:
        """Whether it says that an alarm holds, whose id is the topic."""
        return self in (Event.ALARM, Event.REMINDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A condition that holds. `client` is empty where it concerns the whole appliance; `sentence` says what to do."""

    kind: AlarmKind
    client: str = ""
    severity: Severity
    sentence: str

    @property
    def alarm_id(self) -> str:
        """The same for as long as the condition is the same: `overdue:web1`, `disk_filling`."""
        return f"{self.kind}:{self.client}" if self.client else str(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmState:
    """An alarm with its story. `told` is when it was last handed to a channel, None while there is none to tell."""

    alarm: Alarm
    raised: datetime
    told: datetime | None = None
    cleared: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message for one channel of a client, or of the appliance where `client` is empty.

    `channel` is the channel's name (plan.channels), never its URL. Of several undelivered notices for one channel with
    the same `topic` only the newest is kept; an empty topic never replaces anything.
    """

    client: str
    channel: str
    event: Event
    severity: Severity
    title: str
    body: str
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A notice that waits to be delivered. `trouble` says why it could not be so far; empty before the first try."""

    notice_id: int
    notice: Notice
    created: datetime
    next_try: datetime
    attempts: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRecord:
    """How deliveries went over one kind of channel (ntfy, mailto, healthchecks …) since the journal began."""

    kind: str
    attempts: int = 0
    failures: int = 0
    given_up: int = 0
    last_success: datetime | None = None
    last_failure: datetime | None = None
    trouble: str = ""
