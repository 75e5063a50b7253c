"""Who is due, why, and since when: the schedule against the history of a client. Nothing here starts anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.config.model import Reach, SshAgentClient
from appliance.plan.habits import Habit
from appliance.record import Operation, Outcome, Reason, Trigger

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from appliance.config.model import Appliance, Client
    from appliance.config.values import Window
    from appliance.ports import ClientHistory
    from appliance.record import RunRecord

# A run that starts later than this after its time was missed, not merely queued for a moment.
CATCH_UP_AFTER = timedelta(minutes=5)
BACK_OFF = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
# Trying again by itself cannot help: somebody has to look, or has just said no.
PERMANENT = frozenset(
    {
        Reason.HOST_KEY,
        Reason.CLIENT_BORG,
        Reason.PASSPHRASE,
        Reason.REPOSITORY_MISSING,
        Reason.REPLAY,
        Reason.INTEGRITY,
        Reason.MISMATCH,
        Reason.TAMPERING,
        Reason.COLLAPSED,
        Reason.CHANGE_BURST,
        Reason.SOURCE_CHANGED,
        Reason.QUOTA,
        Reason.STOPPED,
    }
)
# Why a run ended for want of a way to the client.
_AWAY = (Reason.OFFLINE, Reason.UNREACHABLE)
_NO_HABIT = Habit()
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The client is to be run now. `since` is when it fell due: who waits longest goes first."""

    client: str
    trigger: Trigger
    since: datetime
    reason: str
    operation: Operation = Operation.CREATE


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDue:
    """The client is left alone until that moment; None means until something else changes."""

    client: str
    until: datetime | None
    reason: str


def decide(
    client: Client,
    history: ClientHistory | None,
    *,
    now: datetime,
    zone: ZoneInfo,
    first_seen: datetime,
    paused: bool = False,
    reachable_since: datetime | None = None,
    habit: Habit = _NO_HABIT,
) -> Due | NotDue:
    """Decide whether the client is due now, and else when to look again. The caller leaves running clients out.

    `first_seen` is when this supervisor first saw the client, or last started it; `reachable_since` when the tunnel of
    a client that dials in came up. `habit` says when one that sleeps is usually awake.
    """
    if not client.enabled:
        return NotDue(client=client.name, until=None, reason="disabled in the configuration")
    if paused:
        return NotDue(client=client.name, until=None, reason="paused; `borgpull resume` ends that")
    call = _call(
        client, history, now=now, zone=zone, first_seen=first_seen, reachable_since=reachable_since, habit=habit
    )
    opens = call.since if client.window is None else _open_from(client.window, max(call.since, now), zone)
    if opens is None:
        return NotDue(client=client.name, until=now + _DAY, reason="its window never opens")
    if opens > now:
        late = call.since <= now
        reason = f"{call.reason}, but its window opens only at {_clock(opens, zone)}" if late else call.reason
        return NotDue(client=client.name, until=opens, reason=reason)
    scheduled = history is not None and call.trigger is Trigger.SCHEDULE
    if scheduled and _lateness(call.since, client.window, now, zone) > CATCH_UP_AFTER:
        return replace(call, trigger=Trigger.CATCH_UP, reason=f"{call.reason}; it was missed")
    return call


def next_run(
    client: Client,
    history: ClientHistory | None,
    *,
    now: datetime,
    zone: ZoneInfo,
    first_seen: datetime,
    paused: bool = False,
) -> datetime | None:
    """Return when the client is run next as things stand: now when it is due, None when it never is."""
    match decide(client, history, now=now, zone=zone, first_seen=first_seen, paused=paused):
        case Due():
            return now
        case NotDue(until=until):
            return until


def choose(
    waiting: Iterable[Due],
    free: int,
    callbacks: Mapping[str, int] | None = None,
    busy: Iterable[str] = (),
    *,
    free_for_upkeep: int = 0,
) -> tuple[Due, ...]:
    """Give the free slots away: to what an operator asked for, then archives, then upkeep; who waits longest first.

    Upkeep of a client whose backup waits too goes before all archives, and its backup waits for the next time: it has
    stood behind for long.
    `callbacks` are the ports that clients call back at, by client. A port can be published for one run at a time: who
    needs one that a `busy` client has, or somebody before him gets now, waits for it and leaves the slot to the next.
    Of the slots no more than `free_for_upkeep` go to upkeep, so that an hour of reading holds up nobody's archive.
    """
    ports = callbacks or {}
    taken = {ports[name] for name in busy if name in ports}
    chosen: list[Due] = []
    waiting = tuple(waiting)
    backed_up = {due.client for due in waiting if not _is_upkeep(due)}
    for due in sorted(waiting, key=lambda due: _precedence(due, backed_up)):
        if any(due.client == other.client for other in chosen):
            continue
        calls = ports.get(due.client) if due.operation is Operation.CREATE else None
        if len(chosen) >= free or (calls is not None and calls in taken):
            continue
        if _is_upkeep(due):
            if free_for_upkeep <= 0:
                continue
            free_for_upkeep -= 1
        chosen.append(due)
        if calls is not None:
            taken.add(calls)
    return tuple(chosen)


def _precedence(due: Due, backed_up: Collection[str]) -> tuple[int, datetime, str]:
    if due.trigger is Trigger.OPERATOR:
        rank = 0
    elif _is_upkeep(due):
        rank = 1 if due.client in backed_up else 3
    else:
        rank = 2
    return rank, due.since, due.client


def _is_upkeep(due: Due) -> bool:
    return due.operation.is_upkeep and due.trigger is not Trigger.OPERATOR


def callbacks(appliance: Appliance) -> dict[str, int]:
    """Return the ports that clients call back at, by client."""
    return {one.name: one.callback.port for one in appliance.clients if isinstance(one, SshAgentClient)}


def _call(
    client: Client,
    history: ClientHistory | None,
    *,
    now: datetime,
    zone: ZoneInfo,
    first_seen: datetime,
    reachable_since: datetime | None,
    habit: Habit,
) -> Due:
    """Return when the client is called next by its schedule or after a failure, whatever the window says."""
    if history is None:
        return Due(client=client.name, trigger=Trigger.SCHEDULE, since=min(first_seen, now), reason="never backed up")
    last = history.last
    # A clock that was wrong for a while must not silence a client for years.
    misdated = last.started > now + _DAY
    started = first_seen if misdated else last.started
    scheduled = client.schedule.next_after(started, client.name, zone)
    planned = Due(
        client=client.name,
        trigger=Trigger.SCHEDULE,
        since=scheduled,
        reason=f"due at {_clock(scheduled, zone)}, last started at {_clock(started, zone)}",
    )
    again = None
    if not misdated:
        again = _retry_at(client, last, history.consecutive_failures, reachable_since, habit, zone)
    if again is None or scheduled <= again:
        return planned
    why = last.reason.value if last.reason else "unknown"
    outcome = last.outcome.value if last.outcome else "unfinished"
    reason = f"the last run was {outcome} ({why}), to be tried again at {_clock(again, zone)}"
    return Due(client=client.name, trigger=Trigger.RETRY, since=again, reason=reason)


def _retry_at(
    client: Client,
    last: RunRecord,
    consecutive_failures: int,
    reachable_since: datetime | None,
    habit: Habit,
    zone: ZoneInfo,
) -> datetime | None:
    if last.outcome is None or last.outcome.is_good or last.finished is None:
        return None
    if last.reason in _AWAY and reachable_since is not None and reachable_since >= last.finished:
        # It was away, and is here again: a laptop may not stay for long.
        return reachable_since
    if last.outcome is Outcome.SKIPPED:
        sleeps = last.reason is Reason.OFFLINE and client.reach is not Reach.DIAL_IN
        return habit.next_try(last.finished, zone) if sleeps else last.finished + BACK_OFF[0]
    if last.reason in PERMANENT:
        return None
    step = min(max(consecutive_failures, 1), len(BACK_OFF)) - 1
    return last.finished + BACK_OFF[step]


def _open_from(window: Window, moment: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the first moment from there on that lies in the window; None when none does within two days."""
    if window.contains(moment.astimezone(zone).time()):
        return moment
    minute = moment.replace(second=0, microsecond=0)
    for _ in range(2 * 24 * 60):
        minute += _MINUTE
        if window.contains(minute.astimezone(zone).time()):
            return minute
    return None


def _lateness(since: datetime, window: Window | None, now: datetime, zone: ZoneInfo) -> timedelta:
    """How long it has been due while it was also allowed to run."""
    if window is None:
        return now - since
    opened = _open_from(window, since, zone)
    return timedelta(0) if opened is None else now - opened


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")
