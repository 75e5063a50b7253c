"""What a clock that was wrong for a while has dated."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

# Further ahead than any zone, any drift and any run can explain.
_AHEAD = timedelta(days=1)


def is_misdated(moment: datetime, now: datetime) -> bool:
    """Whether it lies ahead of the clock, which was wrong then: such a moment must not count for years."""
    return moment > now + _AHEAD
