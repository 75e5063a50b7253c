"""At which hours a machine that sleeps is usually awake, learned from the runs that found it there or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.record import Operation, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from appliance.record import RunRecord

# A machine that sleeps may be up for an hour only.
OFTEN = timedelta(minutes=20)
# Habits change, and a holiday is no habit: however seldom it was there at an hour, it is asked this often.
SELDOM = timedelta(hours=2)
# Fewer tries than these, in any one hour of the day, say nothing.
_KNOWN_BY_THEN = 5
_USUALLY_AWAY = 0.1
_SATURDAY = 5
_MEETS_IT = (Operation.CREATE, Operation.PROBE)
_AWAY = (Reason.OFFLINE, Reason.UNREACHABLE)

# Whether it is the weekend, and the hour of the day, as the appliance's zone has them.
Hour = tuple[bool, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How often it was there and how often it was asked, for each hour of a working day and of a weekend's day."""

    hours: Mapping[Hour, tuple[int, int]] = field(default_factory=dict)

    def is_usually_away(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Whether it was hardly ever there at that hour, and asked often enough to know."""
        there, asked = self.hours.get(_hour(moment, zone), (0, 0))
        return asked >= _KNOWN_BY_THEN and there < asked * _USUALLY_AWAY

    def next_try(self, after: datetime, zone: ZoneInfo) -> datetime:
        """Return when to ask it again: soon, or later where it is not usually there by then."""
        moment = after + OFTEN
        while moment < after + SELDOM and self.is_usually_away(moment, zone):
            moment += OFTEN
        return min(moment, after + SELDOM)


def learn(runs: Iterable[RunRecord], zone: ZoneInfo) -> Habit:
    """Learn from finished runs, in any order; what says nothing of whether it was there is passed over."""
    hours: dict[Hour, tuple[int, int]] = {}
    for run in runs:
        if run.operation not in _MEETS_IT or run.outcome is None:
            continue
        if not run.outcome.is_good and run.reason not in _AWAY:
            continue
        there, asked = hours.get(hour := _hour(run.started, zone), (0, 0))
        hours[hour] = (there + run.outcome.is_good, asked + 1)
    return Habit(hours=hours)


def _hour(moment: datetime, zone: ZoneInfo) -> Hour:
    local = moment.astimezone(zone)
    return local.weekday() >= _SATURDAY, local.hour
