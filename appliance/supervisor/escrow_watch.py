"""Whether the newest escrow still holds all that another machine would need; a look into the folder now and then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan import escrow
from appliance.plan.escrow import EscrowFact, Outdated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from appliance.ports import ClientHistory, Facts

# Every file of the configuration is read, so not at each look for alarms; what is told waits for a day anyway.
_LOOK_EVERY = timedelta(minutes=10)


class EscrowWatch:
    """Remembers in the journal since when it is out of date, so that a restart changes nothing."""

    def __init__(self, facts: Facts, fingerprint: Callable[[], str]) -> None:
        """`fingerprint` is that of the configuration folder; it raises StateError when it cannot be read."""
        self._facts = facts
        self._fingerprint = fingerprint
        self._known = ""
        self._looked: datetime | None = None
        # Whether it was out of date when somebody could look last, and nobody can now.
        self.is_unknown = False

    def look(self, now: datetime, histories: Iterable[ClientHistory]) -> Outdated | None:
        """Say what the newest bundle lacks; None when it lacks nothing, or when there never was one."""
        self.is_unknown = False
        fact = EscrowFact.from_json(self._facts.fact(escrow.FACT))
        if fact is None:
            return None
        good = [history.client for history in histories if history.last_success is not None]
        folder = self._folder(now)
        why = escrow.why_outdated(fact, folder, good)
        since = self._facts.fact(escrow.OUTDATED_SINCE)
        is_of_this = bool(since and datetime.fromisoformat(since) >= fact.made)
        if not why:
            self.is_unknown = is_of_this and not folder
            if since and folder:
                self._facts.set_fact(escrow.OUTDATED_SINCE, "")
            return None
        if not since or not is_of_this:
            since = now.isoformat()
            self._facts.set_fact(escrow.OUTDATED_SINCE, since)
        return Outdated(made=fact.made, since=datetime.fromisoformat(since), why=why)

    def _folder(self, now: datetime) -> str:
        if self._looked is None or not timedelta(0) <= now - self._looked < _LOOK_EVERY:
            self._looked = now
            try:
                self._known = self._fingerprint()
            except StateError:
                # What cannot be read now is told by the configuration's own alarm; nobody knows more here.
                self._known = ""
        return self._known
