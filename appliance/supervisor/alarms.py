"""Watches for alarms and for the day of the report, and leaves what is to be told in the journal."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from appliance.errors import StateError
from appliance.notice import AlarmKind
from appliance.plan import messages, pings, weekly
from appliance.plan.age import is_ahead
from appliance.plan.alarms import GRACE, holding
from appliance.plan.bursts import accepted_fact, change_gate
from appliance.plan.channels import channels
from appliance.plan.checked import CHECKED, Checked, damage_gate
from appliance.plan.news import news
from appliance.plan.observed import Observed
from appliance.ports import Facts, Journal, Ledger, Outbox
from appliance.record import Operation
from appliance.supervisor.carried import Carried
from appliance.supervisor.escrow_watch import EscrowWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from appliance.config.model import Appliance, Client
    from appliance.notice import Alarm, AlarmState
    from appliance.plan.observed import Room
    from appliance.ports import ClientHistory
    from appliance.record import RunRecord

# What changes with the time alone, or by a command, is seen so often.
LOOK_EVERY = timedelta(seconds=30)
# What the supervisor does beside making archives; who does something by hand sees how it ends.
_OTHERS = tuple(one for one in Operation if one not in (Operation.CREATE, Operation.PROBE) and not one.by_hand)
FIRST_SEEN = "clients_first_seen"
REPORT_SENT = "report_sent"


class AlarmStore(Journal, Ledger, Facts, Outbox, Protocol):
    """The journal as alarms need it."""


class Alarms:
    """Decides anew when a run has ended, and every half minute. `room` raises StateError when it cannot look."""

    def __init__(self, store: AlarmStore, room: Callable[[], Room], fingerprint: Callable[[], str] = str) -> None:
        self._store = store
        self._room = room
        self._escrow = EscrowWatch(store, fingerprint)
        self._carried = Carried(store)
        self._histories: Mapping[str, ClientHistory] | None = None
        self._others: tuple[ClientHistory, ...] = ()
        self._looked: datetime | None = None
        self._since: dict[str, datetime] = {}
        self._exported: set[str] = set()
        self._bursts: dict[str, tuple[object, str]] = {}

    def look(
        self,
        appliance: Appliance | None,
        histories: Mapping[str, ClientHistory] | None,
        now: datetime,
        engine_trouble: str | None,
    ) -> None:
        """See what holds, and post what is news.

        `histories` is None while nobody has read them anew, `engine_trouble` while nobody has asked the engine.
        """
        if appliance is None or not self._is_time(histories, now):
            return
        self._looked = now
        if histories is None or histories is not self._histories:
            self._histories = self._store.last_runs() if histories is None else histories
            self._others = tuple(one for other in _OTHERS for one in self._store.last_runs(other).values())
        seen = self._observed(appliance, self._histories, now, engine_trouble or "")
        known, hold = self._store.alarms(), holding(seen, now)
        hold += self._carried.find(appliance, known, hold, self._unseen(seen, engine_trouble), now)
        found = news(appliance, known, self._patient(hold, known, now), now)
        if found:
            self._store.settle(found.alarms, found.notices)
        self._report(appliance, self._histories, now)

    def run_started(self, appliance: Appliance, record: RunRecord) -> None:
        """Post the ping that a backup begins."""
        notices = pings.started(appliance, record)
        if notices:
            self._store.settle((), notices)

    def _is_time(self, histories: Mapping[str, ClientHistory] | None, now: datetime) -> bool:
        if self._looked is None or not timedelta(0) <= now - self._looked < LOOK_EVERY:
            return True
        return histories is not None and histories is not self._histories

    def _observed(
        self, appliance: Appliance, histories: Mapping[str, ClientHistory], now: datetime, engine_trouble: str
    ) -> Observed:
        try:
            room = self._room()
        except StateError:
            # Every run says so by itself; how full it is, nobody knows.
            room = None
        names = [client.name for client in appliance.clients]
        self._exported |= {name for name in names if self._has_exported(name)}
        return Observed(
            appliance=appliance,
            histories=(*histories.values(), *self._others),
            first_seen=self._first_seen(names, now),
            exported=frozenset(self._exported),
            bursts=self._find_bursts(appliance, histories),
            damaged=self._find_damage(),
            room=room,
            escrow=self._escrow.look(now, (one for name, one in histories.items() if name in names)),
            config_problems=tuple(json.loads(self._store.fact("config_problems") or "[]")),
            engine_trouble=engine_trouble,
        )

    def _unseen(self, seen: Observed, engine_trouble: str | None) -> frozenset[AlarmKind]:
        """Return the kinds of which nobody can tell now whether they hold, which ends none of them."""
        blind = {
            AlarmKind.DISK_FILLING: seen.room is None,
            AlarmKind.ESCROW_OUTDATED: self._escrow.is_unknown,
            AlarmKind.ENGINE_DOWN: engine_trouble is None,
        }
        return frozenset(kind for kind, is_unknown in blind.items() if is_unknown)

    def _has_exported(self, name: str) -> bool:
        return name in self._exported or bool(self._store.fact(f"key_exported:{name}"))

    def _first_seen(self, names: list[str], now: datetime) -> dict[str, datetime]:
        known: dict[str, str] = json.loads(self._store.fact(FIRST_SEEN) or "{}")
        seen = {name: known.get(name, now.isoformat()) for name in names}
        if seen != known:
            self._store.set_fact(FIRST_SEEN, json.dumps(seen))
        return {name: datetime.fromisoformat(since) for name, since in seen.items()}

    def _find_damage(self) -> dict[str, str]:
        refusals = {
            (name := fact.removeprefix(CHECKED)): damage_gate(name, Checked.from_json(text))
            for fact, text in self._store.facts(CHECKED).items()
        }
        return {name: refusal.sentence for name, refusal in refusals.items() if refusal}

    def _find_bursts(self, appliance: Appliance, histories: Mapping[str, ClientHistory]) -> dict[str, str]:
        for client in appliance.clients:
            history = histories.get(client.name)
            if history is not None and history.last_success is not None:
                self._find_burst(client, history.last_success.run_id)
        return {name: sentence for name, (_, sentence) in self._bursts.items() if sentence}

    def _find_burst(self, client: Client, newest: str) -> None:
        """Read the ledger of a client only when it has a new archive, or while it is held and may be accepted."""
        known = self._bursts.get(client.name)
        basis = (newest, client.max_change)
        if known is not None and known[0] == basis and not known[1]:
            return
        accepted = self._store.fact(accepted_fact(client.name))
        refusal = change_gate(client, self._store.archives(client.name), accepted)
        self._bursts[client.name] = (basis, refusal.sentence if refusal else "")

    def _patient(self, alarms: tuple[Alarm, ...], known: Iterable[AlarmState], now: datetime) -> list[Alarm]:
        """Leave out what has not held for its grace yet; what is known had it, perhaps before a restart."""
        had = {state.alarm.alarm_id for state in known}
        # A clock that is set back begins the grace anew, and does not stretch it until it has caught up.
        self._since = {alarm.alarm_id: min(self._since.get(alarm.alarm_id, now), now) for alarm in alarms}
        return [
            alarm
            for alarm in alarms
            if alarm.kind not in GRACE
            or alarm.alarm_id in had
            or now - self._since[alarm.alarm_id] >= GRACE[alarm.kind]
        ]

    def _report(self, appliance: Appliance, histories: Mapping[str, ClientHistory], now: datetime) -> None:
        if appliance.settings.report == "never" or not channels(appliance):
            return
        said = self._store.fact(REPORT_SENT)
        sent = datetime.fromisoformat(said) if said else None
        if sent is not None and sent < weekly.due_since(now, appliance.timezone):
            title, body = weekly.report(appliance, histories, self._store.alarms(), now)
            self._store.settle((), messages.report(appliance, title, body))
        elif sent is not None and not is_ahead(sent, now):
            return
        # The first one is due on the next Monday; and so is the next after one that was sent while the clock was ahead.
        self._store.set_fact(REPORT_SENT, now.isoformat())
