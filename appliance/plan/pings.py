"""The pings of a check at Healthchecks: a backup begins, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.notice import Event, Notice, Severity
from appliance.plan.channels import ping
from appliance.plan.offline import may_be_absent
from appliance.plan.plain_text import cut
from appliance.record import Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.config.model import Appliance
    from appliance.record import RunRecord

# Of a check's results only the newest matters: a success from yesterday must not hide today's failure.
_PING = "ping"


def started(appliance: Appliance, record: RunRecord) -> tuple[Notice, ...]:
    """Return the ping that a backup begins.

    None of a client that may sleep: a check that heard of a start and not of an end goes down, and a run that finds
    nobody has none that it could be told.
    """
    client = appliance.client(record.client)
    if record.operation is not Operation.CREATE or client is None or may_be_absent(client, record):
        return ()
    return _pings(appliance, record, (Event.STARTED,), f"run {record.run_id}")


def ended(appliance: Appliance, record: RunRecord, outcome: Outcome, body: str) -> tuple[Notice, ...]:
    """Return the pings that say how a backup ended."""
    return _pings(appliance, record, _events(outcome), body)


def _events(outcome: Outcome) -> tuple[Event, ...]:
    match outcome:
        case Outcome.SUCCESS:
            return (Event.SUCCEEDED,)
        case Outcome.WARNING:
            # The archive counts, so the check is up; the log says what was left out.
            return (Event.LOGGED, Event.SUCCEEDED)
        case Outcome.SKIPPED:
            return (Event.LOGGED,)
        case Outcome.FAILED | Outcome.INTERRUPTED:
            return (Event.FAILED,)


def _pings(appliance: Appliance, record: RunRecord, events: Iterable[Event], body: str) -> tuple[Notice, ...]:
    check = ping(appliance, record.client)
    if check is None:
        return ()
    return tuple(
        Notice(
            client=record.client,
            channel=check.name,
            event=event,
            severity=Severity.INFO,
            title=f"{record.client}: {event}",
            body=cut(body),
            topic=_PING if event in (Event.SUCCEEDED, Event.FAILED) else "",
        )
        for event in events
    )
