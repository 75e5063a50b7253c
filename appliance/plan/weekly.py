"""The weekly report: one line a client, what is wrong first; and when it is due."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.notice import Severity
from appliance.plan.known_clients import KnownClient, client_state
from appliance.ports import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from appliance.config.model import Appliance, Client
    from appliance.notice import AlarmState
    from appliance.ports import ClientHistory

_WEEK = timedelta(days=7)
# Monday, when somebody is there to read it and has a week to do something.
_HOUR = 8
_STATES = ("failing", "overdue", "never", "running", "ok", "disabled")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_KIBI = 1024


def due_since(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the last Monday morning: a report that was sent before that is due again."""
    here = now.astimezone(zone)
    monday = here.replace(hour=_HOUR, minute=0, second=0, microsecond=0) - timedelta(days=here.weekday())
    return monday if monday <= here else monday - _WEEK


def report(
    appliance: Appliance, histories: Mapping[str, ClientHistory], alarms: Sequence[AlarmState], now: datetime
) -> tuple[str, str]:
    """Return title and text of the report."""
    told = [(_state(client, histories, now), client) for client in appliance.clients]
    # A backup may be in order whose repository is not.
    critical = {client.name: _critical(client.name, alarms) for client in appliance.clients}
    told.sort(key=lambda pair: (not critical[pair[1].name], _STATES.index(pair[0]), pair[1].name))
    counts = [(state, sum(one == state for one, _ in told)) for state in _STATES]
    summary = ", ".join(f"{count} {state}" for state, count in counts if count) or "no clients"
    width = max((len(client.name) for _, client in told), default=0)
    held = f"{len(alarms)} alarm{'' if len(alarms) == 1 else 's'}"
    lines = [f"{summary}; {held}", ""]
    lines += [
        _line(client, state, histories.get(client.name), width, now) + critical[client.name] for state, client in told
    ]
    if alarms:
        lines += ["", "Alarms:", *(f"- {state.alarm.sentence}" for state in alarms)]
    title = f"REPORT {appliance.settings.name}: {summary}" + (f", {held}" if alarms else "")
    return title, "\n".join(lines)


def _critical(name: str, alarms: Sequence[AlarmState]) -> str:
    """Return what stands at the end of a client's line: its critical alarms, or nothing."""
    of_it = (state.alarm for state in alarms if state.alarm.client == name)
    kinds = [alarm.kind.replace("_", " ") for alarm in of_it if alarm.severity is Severity.CRITICAL]
    return f"  CRITICAL: {', '.join(kinds)}" if kinds else ""


def _state(client: Client, histories: Mapping[str, ClientHistory], now: datetime) -> str:
    history = histories.get(client.name)
    return client_state(KnownClient.of(client), Standing.of(history) if history else None, running=False, now=now)


def _line(client: Client, state: str, history: ClientHistory | None, width: int, now: datetime) -> str:
    good = history.last_success if history else None
    age = "never" if good is None else _ago(now - (good.finished or good.started))
    disk = good.repository.disk_size if good and good.repository else None
    size = "-" if disk is None else _size(disk)
    archives = history.archives if history else 0
    return f"{client.name:<{width}}  {state:<8}  last good {age:<10}  {archives} archives  {size}"


def _ago(span: timedelta) -> str:
    hours = max(0, int(span.total_seconds())) // 3600
    return f"{hours} h ago" if hours < 48 else f"{hours // 24} d ago"  # noqa: PLR2004 - two days


def _size(count: int) -> str:
    amount, unit = float(count), _UNITS[0]
    for unit in _UNITS:
        if amount < _KIBI or unit == _UNITS[-1]:
            break
        amount /= _KIBI
    return f"{amount:.1f} {unit}"
