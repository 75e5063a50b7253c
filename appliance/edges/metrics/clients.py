"""Metrics of each configured client: what the configuration wants, and whether its machine answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from appliance.edges.metrics.families import BY_CLIENT
from appliance.plan.tunnel_report import UP
from appliance.record import Operation, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from appliance.config.model import Client
    from appliance.edges.metrics.families import Families
    from appliance.record import RunRecord

# What a run that ended so says of the way to the client; every other reason says nothing of it. So does FORWARDING: a
# client that was reached refuses it, or a machine on the way lets nobody through to the client.
NOT_REACHED = frozenset((Reason.UNREACHABLE, Reason.OFFLINE, Reason.AUTH, Reason.HOST_KEY))
REACHED = frozenset(
    (
        Reason.NO_SFTP,
        Reason.CALLBACK,
        Reason.CLIENT_TOOLS,
        Reason.CLIENT_BORG,
        Reason.HOOK,
        Reason.SOURCE_MISSING,
        Reason.SOURCE_EMPTY,
        Reason.SOURCE_CHANGED,
        Reason.CONNECTION_LOST,
        Reason.STALLED,
        Reason.COLLAPSED,
        Reason.UNREADABLE,
        Reason.CHANGED,
        Reason.OWNERS,
        Reason.CHANGE_BURST,
        Reason.CLOCK,
    )
)
TALKS_TO_CLIENT = (Operation.CREATE, Operation.PROBE)
_CREATE = Operation.CREATE.value


def declare(families: Families) -> None:
    """Describe every family of this module."""
    families.gauge("client_info", "Configured client; value is always 1.", ("client", "method", "names", "reach"))
    families.gauge(
        "client_enabled", "Whether the client is scheduled (1) or disabled in the configuration (0).", BY_CLIENT
    )
    families.gauge(
        "client_reachable",
        "Whether the last run that tells so could log in to the client (1) or not (0); absent before the first.",
        BY_CLIENT,
    )
    families.gauge("client_tunnel_up", "Whether the tunnel of a client that dials in is up (1) or not (0).", BY_CLIENT)


def configured(families: Families, client: Client, next_run: datetime | None) -> None:
    """Say what the configuration wants of a client."""
    name = client.name
    families.add("client_info", 1, name, client.method, client.names, client.reach)
    families.add("client_enabled", client.enabled, name)
    families.add("run_next_timestamp_seconds", next_run.timestamp() if next_run else 0, name, _CREATE)
    families.add("run_max_age_seconds", client.overdue_after.total_seconds(), name, _CREATE)


def reachable(families: Families, client: Client, last_runs: Iterable[RunRecord]) -> None:
    """Say whether the client could be logged in to, by the newest of its last runs that tells; no folder is."""
    if client.method == "mount":
        return
    for run in sorted(last_runs, key=lambda run: run.started, reverse=True):
        if run.reason in NOT_REACHED:
            families.add("client_reachable", 0, client.name)
            return
        if run.reason in REACHED or (run.outcome is not None and run.outcome.is_good):
            families.add("client_reachable", 1, client.name)
            return


def tunnels(families: Families, text: str | None) -> None:
    """Say which clients that dial in have done so; `text` is the supervisor's fact of them."""
    for name, state in json.loads(text or "{}").items():
        families.add("client_tunnel_up", state == UP, name)
