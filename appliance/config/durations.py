"""Durations as people write them: "45s", "36h", "1h30m", "7d", "2w"."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"(\d{1,9})([wdhms])")
_WHOLE = re.compile(r"(?:\d{1,9}[wdhms])+")
_LONGEST = timedelta(days=3_650)


def parse_duration(value: object) -> timedelta:
    """Read a duration greater than zero; raises ValueError with a sentence when it is none."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError('must be a duration in quotes with its unit, such as "45s", "30m", "36h", "7d" or "2w"')  # noqa: TRY004 - pydantic gathers ValueError, a TypeError would end the reading
    text = value.strip().lower()
    if not _WHOLE.fullmatch(text):
        raise ValueError(f'"{value}" is not a duration; write "45s", "30m", "36h", "7d", "2w" or "1h30m"')
    units = [unit for _, unit in _PART.findall(text)]
    if units != sorted(set(units), key=list(_UNITS).index):
        raise ValueError(f'"{value}" is not a duration; name each unit once, the largest first, as in "1h30m"')
    duration = timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
    if not duration:
        raise ValueError(f'"{value}" is no time at all; a duration must be greater than zero')
    if duration > _LONGEST:
        raise ValueError(f'"{value}" is longer than ten years; write a shorter duration')
    return duration


def format_duration(duration: timedelta) -> str:
    """Write whole seconds so that `parse_duration` reads the same back: "1d12h", "45s"."""
    seconds = int(duration.total_seconds())
    parts = []
    for unit, size in _UNITS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
