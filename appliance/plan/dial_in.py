"""What becomes of a run that is due while the client's tunnel is not up: it waits, is skipped, or has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.plan.age import how_old, is_ahead, is_too_old
from appliance.plan.gates import Refusal
from appliance.plan.judge import Verdict
from appliance.plan.tunnel_report import UP
from appliance.plan.tunnels import dials_in
from appliance.record import Operation, Outcome, Reason, Way

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from appliance.config.model import Client
    from appliance.ports import ClientHistory
    from appliance.record import RestoreOrder

# The others work on the repository alone, in a container without network.
_NEED_THE_CLIENT = (Operation.CREATE, Operation.PROBE, Operation.RESTORE)


def needs_the_client(operation: Operation, order: RestoreOrder | None) -> bool:
    """Whether the run reaches the client; `order` is what a restore brings, and one onto this server does not."""
    return operation in _NEED_THE_CLIENT and (order is None or order.way is not Way.LOCAL)


def not_up(client: str) -> str:
    """Say that the tunnel is not up, and what to do."""
    return (
        f"The tunnel of {client} is not up: nobody has dialled in for it. `borgpull client setup {client}` prints what "
        "has to run on its side."
    )


def tunnel_gate(client: Client, state: str) -> Refusal | None:
    """Refuse a run of a client that dials in while its tunnel is not "up"."""
    if not dials_in(client) or state == UP:
        return None
    return Refusal(reason=Reason.OFFLINE, sentence=not_up(client.name))


def asked_for(client: str) -> Verdict:
    """End a run that an operator asked for: it is not tried, for there is nobody to reach."""
    return Verdict(outcome=Outcome.SKIPPED, reason=Reason.OFFLINE, message=not_up(client))


def scheduled(client: Client, history: ClientHistory | None, *, now: datetime, zone: ZoneInfo) -> Verdict | None:
    """Return how a run of the schedule ends for want of a tunnel; None when it waits and nothing is recorded.

    A laptop that is away is no failure, and says so once for each scheduled time; an archive that has become too old
    is one. A client that never ran waits, as any client does that is not set up yet, and so does one whose last run is
    dated ahead of the clock: what was said since cannot be told from it, and the alarm `overdue` tells of it.
    """
    if history is None or is_ahead(history.last.started, now):
        return None
    verdict = asked_for(client.name)
    good = history.last_success
    if good is not None and is_too_old(good.started, now, client.overdue_after):
        verdict = Verdict(
            outcome=Outcome.FAILED, reason=Reason.UNREACHABLE, message=_overdue(client, good.started, now)
        )
    last = history.last
    said = (last.outcome, last.reason) == (verdict.outcome, verdict.reason)
    return None if said and client.schedule.next_after(last.started, client.name, zone) > now else verdict


def _overdue(client: Client, good: datetime, now: datetime) -> str:
    return f"{not_up(client.name)} Its last good archive {how_old(good, now)}."
