"""Which upkeep is due, remembered like the choices of backups, and standing behind all of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from appliance.plan.checked import Checked, checked_fact
from appliance.plan.due import Due, NotDue
from appliance.plan.upkeep import Kept, decide_upkeep
from appliance.ports import Facts, Ledger
from appliance.record import Operation

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from appliance.config.model import Appliance, Client
    from appliance.ports import ClientHistory

# A thousand clients are looked at within seconds of a start, and no tick takes long.
_FRESH_A_TICK = 50
# Whatever else goes wrong, one operation of a client is started by itself no more often than this.
LEAST_PAUSE = timedelta(minutes=5)
# So long upkeep stands behind the backups of its own client.
PATIENCE = timedelta(days=1)


def share(slots: int) -> int:
    """Return how many of the slots upkeep may have at a time: half of them, so that archives find one free."""
    return max(1, slots // 2)


class Store(Ledger, Facts, Protocol):
    """The journal as upkeep needs it."""


class Upkeep:
    """The decisions in force. Every method raises StateError when the journal cannot be read.

    `decisions` counts how many were made, for the proof that an idle tick makes none.
    """

    def __init__(self, store: Store) -> None:
        self.decisions = 0
        self._store = store
        self._made: dict[str, Due | NotDue] = {}
        self._launched: dict[tuple[str, Operation], datetime] = {}
        # Of clients that awaited a backup each time: since when their upkeep is due.
        self._due_since: dict[str, datetime] = {}
        self._histories: dict[Operation, Mapping[str, ClientHistory]] = {}
        self._last_look: datetime | None = None

    def due(
        self,
        appliance: Appliance,
        created: Mapping[str, ClientHistory],
        *,
        now: datetime,
        paused: bool,
        busy: Collection[str],
        awaiting: Collection[str],
    ) -> tuple[Due, ...]:
        """Return what is due of clients that are not busy: running, or asked to run.

        Of those that are `awaiting` a backup, which goes first, only what has been due for PATIENCE: a client whose
        backups take longer than the time between them would never be checked, tried or pruned. `created` are the
        histories of their backups.
        """
        if self._last_look is not None and now < self._last_look:
            self.forget_all()
        self._last_look = now
        found, fresh = [], 0
        for client in appliance.clients:
            if client.name in busy:
                continue
            made = self._made.get(client.name)
            if made is None or (isinstance(made, NotDue) and made.until is not None and now >= made.until):
                if fresh == _FRESH_A_TICK:
                    continue
                fresh += 1
                made = self._made[client.name] = self._decide(appliance, client, created, now, paused=paused)
            if isinstance(made, NotDue):
                self._due_since.pop(client.name, None)
            elif client.name not in awaiting or self._has_stood_behind(created[client.name], now):
                found.append(made)
        return tuple(found)

    def _has_stood_behind(self, created: ClientHistory, now: datetime) -> bool:
        """Whether its upkeep is due for PATIENCE, and backups of that very client have gone before it meanwhile."""
        since = self._due_since.setdefault(created.client, now)
        return now - since > PATIENCE and created.last.started >= since

    def launched(self, client: str, operation: Operation, now: datetime) -> None:
        """Remember that a run of the client began, of whatever operation."""
        self._launched[client, operation] = now
        self._made.pop(client, None)
        if operation.is_upkeep:
            self._due_since.pop(client, None)

    def forget(self, client: str) -> None:
        """Decide anew for one client: one of its runs has ended."""
        self._made.pop(client, None)
        self._histories.clear()

    def forget_all(self) -> None:
        """Decide anew for everybody: the configuration, the pause or the clock changed."""
        self._made.clear()
        self._launched.clear()
        self._due_since.clear()

    def _decide(
        self, appliance: Appliance, client: Client, created: Mapping[str, ClientHistory], now: datetime, *, paused: bool
    ) -> Due | NotDue:
        self.decisions += 1
        fresh = decide_upkeep(client, self._kept(client, created), now=now, zone=appliance.timezone, paused=paused)
        launched = self._launched.get((client.name, fresh.operation)) if isinstance(fresh, Due) else None
        if launched is not None and now < launched + LEAST_PAUSE:
            return NotDue(client=client.name, until=launched + LEAST_PAUSE, reason="it was started a moment ago")
        return fresh

    def _kept(self, client: Client, created: Mapping[str, ClientHistory]) -> Kept | None:
        known = self._store.repository(client.name)
        if known is None or client.name not in created:
            return None
        histories = {Operation.CREATE: created[client.name]}
        for operation in Operation:
            if operation.is_upkeep and (history := self._of(operation).get(client.name)):
                histories[operation] = history
        return Kept(
            since=known.first_seen,
            histories=histories,
            checked=Checked.from_json(self._store.fact(checked_fact(client.name))),
            ledger=self._store.archives(client.name),
        )

    def _of(self, operation: Operation) -> Mapping[str, ClientHistory]:
        if operation not in self._histories:
            self._histories[operation] = self._store.last_runs(operation)
        return self._histories[operation]
