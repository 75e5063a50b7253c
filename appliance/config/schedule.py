"""When a client is due by its schedule: cron with Debian's rules, `H` for a stable spread, or a plain interval."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import islice, pairwise, takewhile
from statistics import median
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic_core import core_schema

from appliance.config.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

# As in Jenkins, the short forms spread by the client's name; at night, when a home is quiet.
MACROS = {
    "@hourly": "H * * * *",
    "@daily": "H H(0-5) * * *",
    "@weekly": "H H(0-5) * * H",
    "@monthly": "H H(0-5) H * *",
}
# What an editor is told of it.
_AS_TEXT = core_schema.str_schema()
# The days that every month has, so that `H` never skips February.
_SPREAD = ((0, 59), (0, 23), (1, 28), (1, 12), (0, 6))
_FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
# From this field on it is about days, not hours.
_DATE = 2
_NEVER = '"{}" names a day that never comes round'
_HASHED = re.compile(r"H(?:\((\d{1,2})-(\d{1,2})\))?(?:/(\d{1,2}))?", re.IGNORECASE)
_FORMS = 'write five cron fields ("30 2 * * *"), with H for a stable spread ("H H(1-4) * * *"), or ' + ", ".join(MACROS)
# A Friday, so that the gap of a weekend is among the first that are looked at.
_LOOK_FROM = datetime(2027, 1, 1, tzinfo=UTC)
_LOOK_AT = 300
# Leap days come every four years, and every eight across a century.
_LOOK_UNTIL = datetime(2040, 1, 1, tzinfo=UTC)
_FORGIVEN = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Either a cron `expression` (as the operator wrote it) or an `interval`; the other one is empty."""

    expression: str = ""
    interval: timedelta | None = None

    @classmethod
    def parse(cls, text: object) -> Schedule:
        """Read a cron expression or one of the short forms; raises ValueError with a sentence."""
        if isinstance(text, cls):
            return text
        if not isinstance(text, str):
            raise ValueError(f"must be a text in quotes: {_FORMS}")  # noqa: TRY004 - pydantic gathers ValueError only
        expression = " ".join(text.split())
        if expression.lower().startswith("every "):
            raise ValueError(f'write every = "{expression[6:]}" instead of schedule = "{expression}"')
        if expression.startswith("@") and expression not in MACROS:
            raise ValueError(f'"{text}" is not known; {_FORMS}')
        schedule = cls(expression=expression)
        _check(schedule)
        return schedule

    @classmethod
    def every(cls, interval: timedelta) -> Schedule:
        """Run again so long after the last run; raises ValueError below one minute."""
        if interval < timedelta(minutes=1):
            raise ValueError(f'"{format_duration(interval)}" is too often; every must be at least "1m"')
        return cls(interval=interval)

    def cron(self, client: str) -> str:
        """Return the five fields with every `H` replaced, always the same for the same client; empty for `every`."""
        return " ".join(self._spread(client))

    def next_after(self, moment: datetime, client: str, zone: ZoneInfo) -> datetime:
        """Return the first time after the aware `moment`, in UTC.

        Cron fields are read in `zone` as Debian's cron does: a time that the change to summer time skips comes right
        after it, and one that the change back repeats comes once. Raises ValueError when it never comes round.
        """
        if self.interval is not None:
            # Added in UTC: on a local clock, six hours across a change of it are five or seven.
            return moment.astimezone(UTC) + self.interval
        try:
            for local in CronSim(self.cron(client), moment.astimezone(zone)):
                # In the repeated hour cronsim may name its first pass again, which is already over.
                if (found := local.astimezone(UTC)) > moment:
                    return found
        except CronSimError:
            pass
        raise ValueError(_NEVER.format(self.expression))

    def insist_on_a_day(self, client: str) -> None:
        """Raise ValueError when the day that the client's name gives to it never comes round."""
        if self.interval is None and not _comes_round(" ".join(self._spread(client, first=_DATE))):
            raise ValueError(_NEVER.format(self.expression))

    @property
    def overdue_after(self) -> timedelta:
        """How old the last good archive may grow: the longest gap, plus the usual one, plus twelve hours.

        So one missed run is forgiven, and a schedule for working days is not overdue each Monday.
        """
        longest, usual = _gaps(self)
        return longest + usual + _FORGIVEN

    def _spread(self, client: str, first: int = 0) -> list[str]:
        fields = MACROS.get(self.expression, self.expression).split()
        return [_spread_field(field, place, client) for place, field in enumerate(fields) if place >= first]

    def __str__(self) -> str:
        """Read as the operator wrote it."""
        return self.expression if self.interval is None else f"every {format_duration(self.interval)}"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> core_schema.CoreSchema:
        """Let a field of this type read its text by itself."""
        return core_schema.no_info_plain_validator_function(cls.parse, json_schema_input_schema=_AS_TEXT)


# A thousand clients have a handful of schedules between them.
@lru_cache(maxsize=1024)
def _check(schedule: Schedule) -> None:
    text = schedule.expression
    count = len(MACROS.get(text, text).split())
    if count != len(_FIELDS):
        raise ValueError(f'"{text}" has {count} fields and needs five; {_FORMS}')
    fields = schedule.cron("any-client").split()
    for place, (field, name) in enumerate(zip(fields, _FIELDS, strict=True)):
        try:
            CronSim(" ".join(field if at == place else "*" for at in range(len(_FIELDS))), _LOOK_FROM)
        except (CronSimError, ValueError) as error:
            raise ValueError(f'the {name} field "{field}" of "{text}" is wrong; {_FORMS}') from error
    schedule.next_after(_LOOK_FROM, "any-client", ZoneInfo("UTC"))


@lru_cache(maxsize=4096)
def _comes_round(days: str) -> bool:
    try:
        return next(CronSim(f"0 0 {days}", _LOOK_FROM), None) is not None
    except CronSimError:
        return False


def _spread_field(field: str, place: int, client: str) -> str:
    return ",".join(_spread(item, place, client) for item in field.split(","))


def _spread(item: str, place: int, client: str) -> str:
    match = _HASHED.fullmatch(item)
    if match is None:
        return item
    least, most = _SPREAD[place]
    first, last = int(match[1] or least), int(match[2] or most)
    step = int(match[3] or 0)
    if not least <= first <= last <= most or (match[3] and not 0 < step <= last - first + 1):
        raise ValueError(f'"{item}" is wrong in the {_FIELDS[place]} field; H spreads from {least} to {most} there')
    number = int.from_bytes(sha256(f"{client}/{place}".encode()).digest()[:8])
    if not step:
        return str(first + number % (last - first + 1))
    return ",".join(str(value) for value in range(first + number % step, last + 1, step))


@lru_cache(maxsize=4096)
def _gaps(schedule: Schedule) -> tuple[timedelta, timedelta]:
    """Return the longest and the usual time between two runs."""
    if schedule.interval is not None:
        return schedule.interval, schedule.interval
    cron = schedule.cron("any-client")
    # What does not depend on the date repeats each day, and a thousand such clients are looked at in no time.
    until = _LOOK_FROM + timedelta(days=3) if cron.split()[2:] == ["*", "*", "*"] else _LOOK_UNTIL
    times: Iterator[datetime] = CronSim(cron, _LOOK_FROM)
    seen = takewhile(lambda time: time < until, islice(times, _LOOK_AT))
    gaps = [later - earlier for earlier, later in pairwise(seen)]
    return max(gaps), timedelta(seconds=median(gap.total_seconds() for gap in gaps))
