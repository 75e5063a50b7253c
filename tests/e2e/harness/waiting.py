"""Hours that pass at once, what the supervisor has seen, and the minutes of the day that tests stay away from."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.harness.engine import wait_for

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest

_LAST_TICK = "borgpull_scheduler_last_tick_timestamp_seconds "
_BEFORE_MIDNIGHT = timedelta(minutes=5)
_EARLIER = Path(__file__).with_name("earlier.py").read_text(encoding="utf-8")


def let_pass(appliance: ApplianceUnderTest, client: str, past: timedelta) -> None:
    """Make the client's repository, checks and drills older by that; the supervisor starts anew and knows no better."""
    appliance.stop()
    appliance.shell(f"python3 - {client} {past.total_seconds()}", stdin=_EARLIER)
    appliance.start()


def ended(appliance: ApplianceUnderTest, client: str, operation: str) -> list[dict[str, Any]]:
    """Return the client's runs of that operation that have ended, newest first."""
    runs: list[dict[str, Any]] = appliance.json("history", client)
    return [run for run in runs if run["operation"] == operation and run["outcome"] is not None]


def wait_for_another(appliance: ApplianceUnderTest, client: str, operation: str, known: int) -> dict[str, Any]:
    """Wait until more than so many such runs have ended, and return the newest."""
    wait_for(
        lambda: len(ended(appliance, client, operation)) > known, within=300, what=f"another {operation} of {client}"
    )
    return ended(appliance, client, operation)[0]


def wait_for_a_look(appliance: ApplianceUnderTest) -> None:
    """Wait until the supervisor has begun to look anew, so that it knows the files and the pause of this moment.

    Not what the tunnels do: those it looks at later in the same moment.

    What it began before by what it knew then is in the journal.
    """
    asked = time.time()
    wait_for(lambda: _last_tick(appliance) > asked, within=60, what="the supervisor looks at what is new")


def _last_tick(appliance: ApplianceUnderTest) -> float:
    lines = appliance.get("/metrics")[1].splitlines()
    return next((float(line.removeprefix(_LAST_TICK)) for line in lines if line.startswith(_LAST_TICK)), 0.0)


def stay_within_a_day() -> None:
    """Wait until midnight (UTC) is over where it is near: archives of two days are kept by other rules than of one."""
    wait_for(lambda: not _is_late(datetime.now(UTC)), within=330, what="it is not just before midnight")


def _is_late(now: datetime) -> bool:
    return (now + _BEFORE_MIDNIGHT).date() != now.date()
