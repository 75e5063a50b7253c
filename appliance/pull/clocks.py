"""How far a client's clock is from ours, told over a connection that is there anyway."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.pull.control import Control

# A file's time has whole seconds over SFTP, and an answer may be late; what is nearer than this does no harm.
_SLACK = timedelta(minutes=1)
# The kernel makes this one up for the process that asks, and dates it with its clock: so SFTP alone can tell the time.
_FRESH = "/proc/self/stat"


def apart_by_sftp(control: Control) -> timedelta | None:
    """Return how far the client is ahead of us; None where it does not tell, as where it has no /proc."""
    there = control.modified(_FRESH)
    return None if there is None else _ahead(there)


def apart_by_answer(said: str) -> timedelta | None:
    """Return how far the client is ahead, which just said its seconds since 1970; None where that is no number."""
    return _ahead(int(said)) if said.isascii() and said.isdecimal() and len(said) <= 12 else None  # noqa: PLR2004


def too_far(apart: timedelta | None) -> tuple[Reason, str] | None:
    """Say what is wrong where the clocks are too far apart; None where they are not, or nobody knows."""
    if apart is None or abs(apart) <= _SLACK:
        return None
    side = "ahead of" if apart > timedelta() else "behind"
    amount = timedelta(seconds=round(abs(apart).total_seconds()))
    return Reason.CLOCK, (
        f"Its clock is {amount} (hours:minutes:seconds) {side} this server's; set both by NTP: it is by times "
        "that Borg knows which files have changed."
    )


def _ahead(there: float) -> timedelta:
    return timedelta(seconds=there - time.time())
