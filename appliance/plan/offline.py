"""A client that sleeps: its absence is skipped and not failed, until its last good archive is too old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.config.model import MachineClient
from appliance.plan.age import is_too_old
from appliance.plan.judge import Verdict
from appliance.record import Operation, Outcome, Reason, Trigger

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.config.model import Client
    from appliance.ports import ClientHistory
    from appliance.record import RunRecord


def may_be_absent(client: Client, record: RunRecord) -> bool:
    """Whether this run may find nobody without being a failure. An operator who asks wants to know."""
    return (
        isinstance(client, MachineClient)
        and client.offline == "skip"
        and record.operation is Operation.CREATE
        and record.trigger is not Trigger.OPERATOR
    )


def may_be_spared(client: Client, record: RunRecord, end: Verdict) -> bool:
    """Whether the end of this run is the absence of a client that may be absent."""
    return may_be_absent(client, record) and end.outcome is Outcome.FAILED and end.reason is Reason.UNREACHABLE


def spared(client: Client, history: ClientHistory | None, end: Verdict, now: datetime) -> Verdict:
    """Return how that run ends: skipped, with reason offline, while the last good archive is young enough."""
    good = history.last_success if history else None
    if good is None or is_too_old(good.started, now, client.overdue_after):
        return end
    message = f"{end.message} It may sleep (`offline`), and is tried again; its last good backup is young enough."
    return Verdict(outcome=Outcome.SKIPPED, reason=Reason.OFFLINE, message=message)
