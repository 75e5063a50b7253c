"""Runs of clients that dial in, while nobody has: which of them wait, and which are recorded without being tried."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.plan import dial_in
from appliance.plan.tunnels import dials_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from appliance.config.model import Appliance, Client
    from appliance.plan.due import Due
    from appliance.plan.judge import Verdict
    from appliance.ports import ClientHistory
    from appliance.record import Request
    from appliance.supervisor.choices import Choices
    from appliance.supervisor.gateway import Gateway

# Not needed for the tunnel, whose coming up is seen at once, but for the moment at which the client is overdue.
_LOOK_EVERY = timedelta(minutes=1)


class DialIn:
    """Judges what is due and what was asked for; `waiting` says what each client waits for."""

    def __init__(self, gateway: Gateway, choices: Choices) -> None:
        self.waiting: dict[str, str] = {}
        self._gateway = gateway
        self._choices = choices

    def look(self, appliance: Appliance, now: datetime) -> None:
        """See which tunnels came up: who waits for his is looked at again now."""
        for name in self._gateway.look(appliance, now):
            self._choices.reachable(name, now)
        self.waiting = {name: text for name, text in self.waiting.items() if self._is_away(appliance.client(name))}

    def part(
        self,
        appliance: Appliance,
        wishes: Iterable[Due],
        asked: Mapping[str, tuple[Due, Request]],
        histories: Mapping[str, ClientHistory],
        now: datetime,
    ) -> tuple[list[Due], list[tuple[Due, Verdict]]]:
        """Return who can be started, and who ends at once for want of a tunnel; who is in neither waits."""
        ready: list[Due] = []
        ended: list[tuple[Due, Verdict]] = []
        for due in wishes:
            client = appliance.client(due.client)
            request = asked[due.client][1] if due.client in asked else None
            needs_it = request is None or dial_in.needs_the_client(request.operation, request.restore)
            machine = _reached(appliance, client, request)
            if client is None or machine is None or not needs_it or not self._is_away(machine):
                ready.append(due)
            elif request is not None:
                ended.append((due, dial_in.asked_for(machine.name)))
            else:
                verdict = self._judge(appliance, client, histories, now)
                ended += [(due, verdict)] if verdict else []
        return ready, ended

    def _judge(
        self, appliance: Appliance, client: Client, histories: Mapping[str, ClientHistory], now: datetime
    ) -> Verdict | None:
        name = client.name
        self.waiting[name] = dial_in.not_up(name)
        verdict = dial_in.scheduled(client, histories.get(name), now=now, zone=appliance.timezone)
        if verdict is None:
            self._choices.postpone(name, now + _LOOK_EVERY, self.waiting[name])
        return verdict

    def _is_away(self, client: Client | None) -> bool:
        return client is not None and dials_in(client) and client.name not in self._gateway.up


def _reached(appliance: Appliance, client: Client | None, request: Request | None) -> Client | None:
    """Return whose machine the run goes to: another one's where an archive is restored there."""
    other = request.restore.destination if request and request.restore else ""
    return appliance.client(other) if other else client
