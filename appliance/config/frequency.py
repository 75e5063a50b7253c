"""How often something is to be done that needs nobody's hour: a word, a duration, or never."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic_core import core_schema

from appliance.config.durations import parse_duration
from appliance.config.schedule import Schedule

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
}
WORDS = tuple(_PERIODS)
NEVER = "never"
_LEAST = timedelta(hours=1)
_FORMS = 'write "hourly", "daily", "weekly", "monthly", a duration such as "10d", or "never"'
# What an editor is told of it.
_AS_TEXT = core_schema.str_schema()


@dataclass(frozen=True, slots=True)
class Frequency:
    """`text` as the operator wrote it; `schedule` is None for never.

    A word is spread over the night by the client's name, as `@weekly` is; a duration counts from the last time.
    """

    text: str
    schedule: Schedule | None

    @classmethod
    def parse(cls, value: object) -> Frequency:
        """Read a word or a duration; raises ValueError with a sentence."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise ValueError(f"must be a text in quotes: {_FORMS}")  # noqa: TRY004 - pydantic gathers ValueError only
        text = value.strip().lower()
        if text == NEVER:
            return cls(text, None)
        if text in WORDS:
            return cls(text, Schedule.parse(f"@{text}"))
        try:
            interval = parse_duration(text)
        except ValueError as error:
            raise ValueError(f'"{value}" is not known here; {_FORMS}') from error
        if interval < _LEAST:
            raise ValueError(f'"{value}" is too often; write at least "1h"')
        return cls(text, Schedule.every(interval))

    @property
    def period(self) -> timedelta | None:
        """How long it is from one time to the next; None for never."""
        if self.schedule is None or self.schedule.interval is not None:
            return self.schedule.interval if self.schedule else None
        return _PERIODS[self.text]

    @property
    def is_duration(self) -> bool:
        """Whether it counts from the last time, at whatever hour that was."""
        return self.text not in (*WORDS, NEVER)

    def next_after(self, moment: datetime, salt: str, zone: ZoneInfo) -> datetime | None:
        """Return the first time after the aware `moment`, in UTC; None for never. `salt` spreads those of one word."""
        return None if self.schedule is None else self.schedule.next_after(moment, salt, zone)

    def __str__(self) -> str:
        """Read as the operator wrote it."""
        return self.text

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> core_schema.CoreSchema:
        """Let a field of this type read its text by itself."""
        return core_schema.no_info_plain_validator_function(cls.parse, json_schema_input_schema=_AS_TEXT)
