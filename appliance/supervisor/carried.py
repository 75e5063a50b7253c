"""Alarms that go on although what was seen last does not say so: nothing has shown that they are over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from appliance.plan.grave import GRAVE, is_unmended
from appliance.ports import Journal, Ledger
from appliance.record import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from appliance.config.model import Appliance, Client
    from appliance.notice import Alarm, AlarmKind, AlarmState
    from appliance.ports import Standing

# More than a client that sleeps or fails makes in days.
_RUNS_READ = 1000


class CarriedStore(Journal, Ledger, Protocol):
    """The journal as this needs it."""


class Carried:
    """Reads the runs of a client only when another one of it has ended."""

    def __init__(self, store: CarriedStore) -> None:
        self._store = store
        self._known: dict[str, tuple[object, bool]] = {}

    def find(
        self,
        appliance: Appliance,
        known: Iterable[AlarmState],
        holding: Iterable[Alarm],
        unseen: frozenset[AlarmKind],
        now: datetime,
    ) -> tuple[Alarm, ...]:
        """Return the alarms that are known, do not hold by what was seen, and are not over.

        Of the kinds in `unseen` nobody can tell now whether they hold.
        """
        hold = {alarm.alarm_id for alarm in holding}
        blind = [state.alarm for state in known if state.alarm.kind in unseen and state.alarm.alarm_id not in hold]
        doubtful = tuple(self._doubtful(appliance, known, hold))
        standings = self._store.standings() if doubtful else {}
        found = (state.alarm for client, state in doubtful if self._is_unmended(client, state, standings, now))
        return (*blind, *found)

    def _doubtful(
        self, appliance: Appliance, known: Iterable[AlarmState], hold: set[str]
    ) -> Iterator[tuple[Client, AlarmState]]:
        for state in known:
            client = appliance.client(state.alarm.client)
            if client is None or not client.enabled:
                continue
            if state.alarm.kind in GRAVE and state.alarm.alarm_id not in hold:
                yield client, state

    def _is_unmended(
        self, client: Client, state: AlarmState, standings: Mapping[Operation, Mapping[str, Standing]], now: datetime
    ) -> bool:
        alarm = state.alarm
        # How it stands and not which run is the newest by its date: one that is dated ahead would be that for years.
        newest = (
            client.keep is None,
            *((operation, each.get(alarm.client)) for operation, each in standings.items()),
        )
        basis, verdict = self._known.get(alarm.alarm_id, (None, False))
        if basis != newest:
            runs = self._store.history(alarm.client, limit=_RUNS_READ)
            # Where nothing is pruned any more, no prune can mend what one found.
            looking = (run for run in runs if run.operation is not Operation.PRUNE or client.keep is not None)
            verdict = is_unmended(alarm.kind, looking, state.raised, now)
            self._known[alarm.alarm_id] = (newest, verdict)
        return verdict
