"""Which upkeep of a client's repository is due, and why: never before a backup, never in the breath of a failed one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from appliance.config.frequency import Frequency
from appliance.plan.age import is_ahead
from appliance.plan.checked import Checked
from appliance.plan.checks import archives_due, first_night, repository_due
from appliance.plan.due import CATCH_UP_AFTER, PERMANENT, Due, NotDue
from appliance.record import Operation, Outcome, Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from appliance.config.model import Client
    from appliance.ports import ClientHistory
    from appliance.record import LedgerEntry, RunRecord

# Nobody waits for upkeep, and a disk that is in trouble is not to be read all night.
UPKEEP_BACK_OFF = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of a client that has a repository, since `since`; `histories` are by operation."""

    since: datetime
    histories: Mapping[Operation, ClientHistory] = field(default_factory=dict)
    checked: Checked = field(default_factory=Checked)
    ledger: Sequence[LedgerEntry] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When an operation falls due, and why; in the past when it is due already."""

    operation: Operation
    at: datetime
    reason: str
    trigger: Trigger = Trigger.SCHEDULE


def decide_upkeep(
    client: Client, kept: Kept | None, *, now: datetime, zone: ZoneInfo, paused: bool = False
) -> Due | NotDue:
    """Decide which upkeep is due now, and else when to look again.

    The caller leaves out whoever runs, and whoever is due to be backed up: archives go first.
    """
    idle = _why_never(client, kept, paused=paused)
    if idle or kept is None:
        return NotDue(client=client.name, until=None, reason=idle)
    moments = [moment for duty in _DUTIES if (moment := duty(client, kept, now, zone))]
    for moment in moments:
        if moment.at <= now:
            return _due(client, moment, now)
    following = min(moments, key=lambda moment: moment.at, default=None)
    if following is None:
        return NotDue(client=client.name, until=None, reason="nothing is to be done by itself before the next backup")
    return NotDue(client=client.name, until=following.at, reason=f"{following.operation}: {following.reason}")


def _why_never(client: Client, kept: Kept | None, *, paused: bool) -> str:
    """Say why there is no upkeep until something else changes; empty when there is."""
    if not client.enabled:
        return "disabled in the configuration"
    if paused:
        return "paused; `borgpull resume` ends that"
    created = kept.histories.get(Operation.CREATE) if kept else None
    return "" if created is not None and created.last_success is not None else "never backed up"


def _due(client: Client, moment: Moment, now: datetime) -> Due:
    late = moment.trigger is Trigger.SCHEDULE and now - moment.at > CATCH_UP_AFTER
    return Due(
        client=client.name,
        trigger=Trigger.CATCH_UP if late else moment.trigger,
        since=moment.at,
        reason=moment.reason,
        operation=moment.operation,
    )


def _prune(client: Client, kept: Kept, now: datetime, zone: ZoneInfo) -> Moment | None:
    """After a good backup, once a day: what the newest archive makes superfluous goes only when there is one."""
    created, pruned = kept.histories[Operation.CREATE].last, kept.histories.get(Operation.PRUNE)
    if client.keep is None or created.outcome is None or not created.outcome.is_good:
        return None
    # A clock that was wrong for a while may have dated it.
    made = min(created.finished or created.started, now)
    if pruned is None or is_ahead(pruned.last.started, now):
        return Moment(operation=Operation.PRUNE, at=made, reason="never pruned")
    if again := _again(pruned):
        return _retry(Operation.PRUNE, pruned.last, again)
    if created.started <= pruned.last.started:
        return None
    at = max(made, _next_day(pruned.last.started, zone))
    if client.compact_after is not None and pruned.last_success is not None:
        # What the last one deleted can still be taken back for so long, and is freed by this one.
        at = max(at, (pruned.last_success.finished or pruned.last_success.started) + client.compact_after)
    return Moment(operation=Operation.PRUNE, at=at, reason=f"last pruned at {_clock(pruned.last.started, zone)}")


def _check(client: Client, kept: Kept, now: datetime, zone: ZoneInfo) -> Moment | None:
    """When the repository's files or the archives have not been read for as long as `check` lets them be."""
    before = kept.histories.get(Operation.CHECK)
    last = before.last.started if before and not is_ahead(before.last.started, now) else None
    checked = kept.checked.by(now)
    parts = {
        "the repository": repository_due(client, checked, since=kept.since, last=last, now=now, zone=zone),
        "an archive": archives_due(client, checked, kept.ledger, last=last, now=now, zone=zone),
    }
    due = {part: at for part, at in parts.items() if at is not None}
    if not due:
        return None
    part = min(due, key=lambda part: due[part])
    return _unless_it_failed(Operation.CHECK, before, due[part], f"{part} is to be read again", client, zone)


def _drill(client: Client, kept: Kept, now: datetime, zone: ZoneInfo) -> Moment | None:
    """When no restore has been tried for as long as `drill` lets it be."""
    before = kept.histories.get(Operation.DRILL)
    last = before.last.started if before and not is_ahead(before.last.started, now) else kept.since
    salt = f"{client.name}/{Operation.DRILL}"
    at = client.check.drill.next_after(last, salt, zone)
    if is_ahead(last, now):
        at = first_night(client.check.drill, None, salt, now, zone)
    if at is None:
        return None
    return _unless_it_failed(Operation.DRILL, before, at, "a restore is to be tried again", client, zone)


def _unless_it_failed(
    operation: Operation, before: ClientHistory | None, at: datetime, reason: str, client: Client, zone: ZoneInfo
) -> Moment:
    """Name the moment, or that of the next try after a run that failed; where somebody has to look, another night."""
    if before is not None and (again := _again(before)):
        return _retry(operation, before.last, again)
    if before is not None and before.last.reason in PERMANENT:
        another = Frequency.parse("daily").next_after(before.last.started, f"{client.name}/{operation}", zone)
        at = max(at, another or at)
    return Moment(operation=operation, at=at, reason=reason)


# In this order: what is damaged must not be pruned.
_DUTIES: tuple[Callable[[Client, Kept, datetime, ZoneInfo], Moment | None], ...] = (_check, _prune, _drill)


def _again(history: ClientHistory) -> datetime | None:
    """Return when a run that failed, for a reason that may pass, is tried again; None where it is not."""
    last = history.last
    if last.outcome is None or last.outcome.is_good or last.finished is None or last.reason in PERMANENT:
        return None
    if last.outcome is Outcome.SKIPPED:
        return last.finished + UPKEEP_BACK_OFF[0]
    step = min(max(history.consecutive_failures, 1), len(UPKEEP_BACK_OFF)) - 1
    return last.finished + UPKEEP_BACK_OFF[step]


def _retry(operation: Operation, last: RunRecord, at: datetime) -> Moment:
    why = last.reason.value if last.reason else "unknown"
    outcome = last.outcome.value if last.outcome else "unfinished"
    reason = f"the last {operation} was {outcome} ({why})"
    return Moment(operation=operation, at=at, reason=reason, trigger=Trigger.RETRY)


def _next_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the midnight after the moment, as the zone has it, in UTC; a day of 23 or 25 hours is one day."""
    tomorrow = moment.astimezone(zone).date() + _DAY
    return datetime.combine(tomorrow, time(), tzinfo=zone).astimezone(moment.tzinfo)


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")
