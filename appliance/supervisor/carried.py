"""Alarms that go on although what was seen last does not say so: nothing has shown that they are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.plan.grave import GRAVE, is_unmended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from appliance.config.model import Appliance
    from appliance.notice import Alarm, AlarmKind, AlarmState
    from appliance.ports import Journal

# More than a client that sleeps or fails makes in days; for one whose trouble is older, nothing good came since.
_RUNS_READ = 1000


class Carried:
    """Reads the runs of a client only when another one of it has begun or ended."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
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
        found = (alarm for alarm in self._doubtful(appliance, known, hold) if self._is_unmended(alarm, now))
        return (*blind, *found)

    def _doubtful(self, appliance: Appliance, known: Iterable[AlarmState], hold: set[str]) -> Iterator[Alarm]:
        for state in known:
            client = appliance.client(state.alarm.client)
            watched = client is not None and client.enabled
            if watched and state.alarm.kind in GRAVE and state.alarm.alarm_id not in hold:
                yield state.alarm

    def _is_unmended(self, alarm: Alarm, now: datetime) -> bool:
        newest = [(run.run_id, run.finished) for run in self._journal.history(alarm.client, limit=1)]
        basis, verdict = self._known.get(alarm.alarm_id, (None, False))
        if basis != newest:
            runs = self._journal.history(alarm.client, limit=_RUNS_READ)
            verdict = is_unmended(alarm.kind, runs, now, cut_off=len(runs) == _RUNS_READ)
            self._known[alarm.alarm_id] = (newest, verdict)
        return verdict
