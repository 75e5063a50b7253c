"""Hours that pass at once: what is scheduled a week from now begins in the next minute."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.harness.engine import wait_for

if TYPE_CHECKING:
    from datetime import timedelta

    from tests.e2e.harness.appliance import ApplianceUnderTest

_EARLIER = Path(__file__).with_name("earlier.py").read_text(encoding="utf-8")


def let_pass(appliance: ApplianceUnderTest, client: str, time: timedelta) -> None:
    """Make the client's repository, checks and drills older by that; the supervisor starts anew and knows no better."""
    appliance.stop()
    appliance.shell(f"python3 - {client} {time.total_seconds()}", stdin=_EARLIER)
    appliance.start()


def ended(appliance: ApplianceUnderTest, client: str, operation: str) -> list[dict[str, Any]]:
    """Return the client's runs of that operation that have ended, newest first."""
    runs: list[dict[str, Any]] = appliance.json("history", client)
    return [run for run in runs if run["operation"] == operation and run["outcome"] is not None]


def wait_for_another(appliance: ApplianceUnderTest, client: str, operation: str, known: int) -> dict[str, Any]:
    """Wait until more than so many such runs have ended, and return the newest."""
    wait_for(
        lambda: len(ended(appliance, client, operation)) > known, within=150, what=f"another {operation} of {client}"
    )
    return ended(appliance, client, operation)[0]
