"""Who is due, remembered: a decision is made anew only when something it depends on has changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from appliance.plan.due import Due, NotDue, decide
from appliance.plan.habits import Habit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from zoneinfo import ZoneInfo

    from appliance.config.model import Appliance, Client
    from appliance.ports import ClientHistory

# A client that waits for a slot is looked at again so often: its window may have closed.
_LOOK_AGAIN = timedelta(minutes=1)
# Whatever else goes wrong, nobody is started by schedule more often than this.
LEAST_PAUSE = timedelta(seconds=30)


class Choices:
    """The decisions in force. `decisions` counts how many were made, for the proof that an idle tick makes none.

    `habit_of` is asked for each decision when a client that sleeps is usually awake.
    """

    def __init__(self, habit_of: Callable[[Client, ZoneInfo], Habit] = lambda _client, _zone: Habit()) -> None:
        self.decisions = 0
        self._habit_of = habit_of
        self._made: dict[str, Due | NotDue] = {}
        self._look_at: dict[str, datetime] = {}
        self._first_seen: dict[str, datetime] = {}
        self._launched: dict[str, datetime] = {}
        self._reachable: dict[str, datetime] = {}
        self._last_look: datetime | None = None

    def due(
        self,
        appliance: Appliance,
        histories: Mapping[str, ClientHistory],
        *,
        now: datetime,
        paused: bool,
        busy: Iterable[str] = (),
    ) -> tuple[Due, ...]:
        """Return who is due and not busy, deciding anew only where it may have changed."""
        if self._last_look is not None and now < self._last_look:
            # The clock was set back: what was decided by the old one says nothing.
            self.forget_all()
        self._last_look = now
        busy = frozenset(busy)
        found = []
        for client in appliance.clients:
            if client.name in busy:
                continue
            made = self._made.get(client.name)
            if made is None or now >= self._look_at[client.name]:
                self._first_seen.setdefault(client.name, now)
                fresh = decide(
                    client,
                    histories.get(client.name),
                    now=now,
                    zone=appliance.timezone,
                    first_seen=self._first_seen[client.name],
                    paused=paused,
                    reachable_since=self._reachable.get(client.name),
                    habit=self._habit_of(client, appliance.timezone),
                )
                made = self._keep(client.name, made, fresh, now)
            if isinstance(made, Due):
                found.append(made)
        return tuple(found)

    def launched(self, client: str, now: datetime) -> None:
        """Remember that a run of the client began."""
        self._first_seen[client] = self._launched[client] = now
        self.forget(client)

    def reachable(self, client: str, now: datetime) -> None:
        """Decide anew for a client whose tunnel came up."""
        self._reachable[client] = now
        self.forget(client)

    def postpone(self, client: str, until: datetime, reason: str) -> None:
        """Do not start the client before then, whatever its schedule says."""
        self._made[client] = NotDue(client=client, until=until, reason=reason)
        self._look_at[client] = until

    def forget(self, client: str) -> None:
        """Decide anew for one client: its history changed."""
        self._made.pop(client, None)

    def forget_all(self) -> None:
        """Decide anew for everybody: the configuration, the pause or the clock changed."""
        self._made.clear()
        self._launched.clear()

    def next_runs(self, now: datetime) -> dict[str, str]:
        """Return when each client is run next, in ISO form; who is due is run now, and who never is, is left out."""
        moments = {name: now if isinstance(made, Due) else made.until for name, made in self._made.items()}
        return {
            name: moment.replace(second=0, microsecond=0).isoformat()
            for name, moment in sorted(moments.items())
            if moment is not None
        }

    def _keep(self, name: str, made: Due | NotDue | None, fresh: Due | NotDue, now: datetime) -> Due | NotDue:
        self.decisions += 1
        launched = self._launched.get(name)
        if isinstance(fresh, Due) and launched is not None and now < launched + LEAST_PAUSE:
            fresh = NotDue(client=name, until=launched + LEAST_PAUSE, reason="it was started a moment ago")
        if isinstance(fresh, Due):
            # Waiting for a slot does not make a run of the schedule a missed one.
            fresh = made if isinstance(made, Due) else fresh
            self._look_at[name] = now + _LOOK_AGAIN
        else:
            self._look_at[name] = fresh.until or datetime.max.replace(tzinfo=now.tzinfo)
        self._made[name] = fresh
        return fresh
