"""How old things are. What is dated ahead of the clock is of no known age, and must not count for years."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

# A clock that is set right by a few hours is nothing to be told of.
_AHEAD = timedelta(days=1)


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Whether it was written by a clock that was wrong then, or is read by one that is wrong now."""
    return moment - now > _AHEAD


def recency(moment: datetime, now: datetime) -> tuple[bool, datetime]:
    """By what to sort for the newest, which comes last: what is dated ahead is that only where nothing else is."""
    return not is_ahead(moment, now), moment


def is_too_old(good: datetime, now: datetime, overdue_after: timedelta) -> bool:
    """Whether the backup of that moment is older than it may be; what is dated ahead must not be young for years."""
    return is_ahead(good, now) or now - good > overdue_after


def how_old(good: datetime, now: datetime) -> str:
    """Say in half a sentence what is wrong with the backup of that moment, once it is too old."""
    if is_ahead(good, now):
        return f"is dated {good:%Y-%m-%d %H:%M} UTC, ahead of the clock, which was wrong then or is now (see `date`)"
    return f"is of {good:%Y-%m-%d %H:%M} UTC, which is too old by now"
