"""A part of the day in which runs may start."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

from pydantic_core import core_schema

# What an editor is told of it.
_AS_TEXT = core_schema.str_schema(pattern=r"^\s*\d?\d:\d\d\s*-\s*\d?\d:\d\d\s*$")


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the day in which runs may start, in the appliance's time zone; it may cross midnight."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: object) -> Window:
        """Read "22:00-06:00"; raises ValueError with a sentence."""
        if isinstance(text, cls):
            return text
        clock = r"(?:[01]?\d|2[0-3]):[0-5]\d"
        midnight = text.replace("24:00", "00:00") if isinstance(text, str) else ""
        if not re.fullmatch(rf"\s*{clock}\s*-\s*{clock}\s*", midnight):
            raise ValueError('must be two times of the day in quotes, such as "22:00-06:00"')
        start, end = (time.fromisoformat(side.strip().zfill(5)) for side in midnight.split("-"))
        if start == end:
            raise ValueError("begins and ends at the same time; leave the key out when runs may start at any time")
        return cls(start, end)

    def contains(self, local_time: time) -> bool:
        """Whether a run may start at that time of the day; the start belongs to the window, the end does not."""
        if self.start < self.end:
            return self.start <= local_time < self.end
        return local_time >= self.start or local_time < self.end

    def __str__(self) -> str:
        """Read as the operator writes it."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> core_schema.CoreSchema:
        """Let a field of this type read its text by itself."""
        return core_schema.no_info_plain_validator_function(cls.parse, json_schema_input_schema=_AS_TEXT)
