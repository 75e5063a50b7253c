"""What of the alarms is news: each is told once, again after a while, and once more when it is worse or over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from appliance.notice import AlarmState, Event, Severity
from appliance.plan import messages
from appliance.plan.channels import channels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from appliance.config.model import Appliance
    from appliance.notice import Alarm, Notice


_GRAVER = (Severity.INFO, Severity.WARNING, Severity.CRITICAL).index


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is to be written down in one transaction: alarms as they stand now, and what is told of them."""

    alarms: tuple[AlarmState, ...] = ()
    notices: tuple[Notice, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything new."""
        return bool(self.alarms or self.notices)


def news(appliance: Appliance, known: Sequence[AlarmState], holding: Iterable[Alarm], now: datetime) -> News:
    """Compare the alarms that are known with those that hold.

    An alarm of a client that has no channel stays untold, and is told as soon as there is one. One that has become
    graver is told anew; a sentence that has changed is only written down. Who was told that it began is told that it is
    over; of an alarm that nobody heard of, nobody hears that.
    """
    before = {state.alarm.alarm_id: state for state in known}
    hold = {alarm.alarm_id: alarm for alarm in holding}
    states: list[AlarmState] = []
    notices: list[Notice] = []
    for alarm_id, alarm in hold.items():
        state = before.get(alarm_id) or AlarmState(alarm=alarm, raised=now)
        told = _told(appliance, state, alarm, now)
        # It stays as grave as it was: what swings around a bound is told once.
        gravest = max(alarm.severity, state.alarm.severity, key=_GRAVER)
        state = replace(state, alarm=replace(alarm, severity=gravest), told=now if told else state.told)
        if state != before.get(alarm_id):
            states.append(state)
            notices += told
    for alarm_id, state in before.items():
        if alarm_id not in hold:
            states.append(replace(state, cleared=now))
            if state.told is not None:
                notices += messages.for_alarm(appliance, state, Event.RECOVERY, now)
    return News(alarms=tuple(states), notices=tuple(notices))


def _told(appliance: Appliance, state: AlarmState, alarm: Alarm, now: datetime) -> tuple[Notice, ...]:
    """Return what is to be told now of an alarm that holds: nothing while it was told and need not be again."""
    if not channels(appliance, alarm.client):
        return ()
    if state.told is None or _GRAVER(alarm.severity) > _GRAVER(state.alarm.severity):
        return messages.for_alarm(appliance, replace(state, alarm=alarm), Event.ALARM, now)
    if now - state.told < appliance.settings.remind_after:
        return ()
    return messages.for_alarm(appliance, replace(state, alarm=alarm), Event.REMINDER, now)
