"""Every family there is, described once: for a scrape, for the reference page, and for whoever checks a query."""

from __future__ import annotations

from appliance.edges.metrics import appliance, clients, notifications, runs, stored
from appliance.edges.metrics.families import Families


def declared() -> Families:
    """Return all families without a sample, in the order in which they are written."""
    families = Families()
    for room in (appliance, clients, runs, stored, notifications):
        room.declare(families)
    families.gauge("collect_duration_seconds", "Time the collection for this answer took.")
    families.gauge("collect_errors", "Errors met during the collection for this answer.")
    return families
