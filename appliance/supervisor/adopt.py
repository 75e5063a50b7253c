"""Bring the engine and the journal together: the engine is the truth about what runs, the journal about what ran."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.plan.operations import QUESTIONS, UNRECORDED
from appliance.plan.wake import WAKE
from appliance.record import Operation, RunRecord, Trigger
from appliance.run import Watch, follow, interrupted
from appliance.supervisor.workers import Workers, about

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.config.model import Appliance
    from appliance.ports import ContainerState
    from appliance.run import Desk

_LOG = logging.getLogger(__name__)
# The pull container keeps its own time limit; this is for one that does not get to it.
BACKSTOP = timedelta(minutes=5)
_UNKNOWN_TIMEOUT = timedelta(hours=24)
_NEVER = datetime.max.replace(tzinfo=UTC)
_QUESTION_LIMIT = timedelta(hours=1)
_QUESTION_ENDED_LIMIT = timedelta(minutes=1)


class Adoption:
    """Looks at every container of ours and every unfinished run; what no thread of ours follows is taken care of.

    A gateway is no run: `gateways` are those that the last look found, for whoever keeps them, and `carrying` the names
    of those through which something of ours reaches a machine, be it a run, a question or a command of the operator.
    """

    def __init__(self, desk: Desk, workers: Workers, appliance_id: str) -> None:
        self._desk = desk
        self._workers = workers
        self._appliance_id = appliance_id
        self._questions: dict[tuple[str, bool], datetime] = {}
        self.gateways: tuple[ContainerState, ...] = ()
        self.carrying: frozenset[str] = frozenset()

    def sweep(self, appliance: Appliance | None) -> tuple[str, ...]:
        """Follow, record or remove; return the clients whose history changed. Raises EngineError and StateError."""
        followed = self._workers.run_ids()
        found = self._desk.engine.ours(self._appliance_id)
        self.gateways = tuple(state for state in found if places.LABEL_GATEWAY in state.labels)
        states = [state for state in found if state not in self.gateways]
        self.carrying = frozenset(state.labels.get(places.LABEL_THROUGH, "") for state in states if state.running)
        unfinished = {record.run_id: record for record in self._desk.journal.unfinished()}
        runs = [
            state for state in states if state.labels.get(places.LABEL_OPERATION) not in (*QUESTIONS, *UNRECORDED, WAKE)
        ]
        self._tidy_questions([state for state in states if state not in runs and not _is_at_work(state)])
        for state in runs:
            run_id = state.labels.get(places.LABEL_RUN, "")
            if run_id in followed:
                continue
            record = unfinished.get(run_id) or self._unknown(state, appliance)
            if record is None:
                self._workers.end(state.name)
            elif record.client not in self._workers:
                _LOG.info("adopting its container %s", state.name, extra=about(record))
                self._follow(state, record, appliance)
        seen = {state.labels.get(places.LABEL_RUN, "") for state in runs}
        lost = [record for run_id, record in unfinished.items() if run_id not in seen | followed]
        for record in lost:
            _LOG.warning("it has no container any more", extra=about(record))
            interrupted(self._desk, record)
        return tuple(record.client for record in lost)

    def _follow(self, state: ContainerState, record: RunRecord, appliance: Appliance | None) -> None:
        watch = watch_for(record, state.name, appliance)
        if not state.running:
            # Whatever it ended with stands, however long ago its time was over: there is nothing left to stop.
            watch.deadline = _NEVER
        client = appliance.client(record.client) if appliance else None
        # Its second container was known to the supervisor alone that is gone; a stream has none.
        watch.is_half = record.operation is Operation.DRILL and getattr(client, "stream", None) is None
        self._workers.start(watch, lambda: follow(self._desk, watch))

    def _unknown(self, state: ContainerState, appliance: Appliance | None) -> RunRecord | None:
        """Begin the record of a run that the journal lost; None for one that is recorded, or not a run we know."""
        run_id = state.labels.get(places.LABEL_RUN, "")
        operation = state.labels.get(places.LABEL_OPERATION, "")
        name = state.labels.get(places.LABEL_CLIENT, "")
        if not run_id or not name or operation not in tuple(Operation) or self._desk.journal.run(run_id) is not None:
            return None
        client = appliance.client(name) if appliance else None
        record = RunRecord(
            run_id=run_id,
            client=name,
            operation=Operation(operation),
            trigger=Trigger.SCHEDULE,
            method=client.method if client else "unknown",
            started=self._desk.clock.now(),
        )
        self._desk.journal.begin(record)
        return record

    def _tidy_questions(self, states: Sequence[ContainerState]) -> None:
        """Remove the containers of questions whose asker is gone; the asker removes its own within moments."""
        now = self._desk.clock.now()
        self._questions = {
            key: self._questions.get(key, now) for key in ((state.name, state.running) for state in states)
        }
        for (name, running), since in self._questions.items():
            if now - since > (_QUESTION_LIMIT if running else _QUESTION_ENDED_LIMIT):
                self._workers.end(name)


def _is_at_work(state: ContainerState) -> bool:
    """Whether it carries out a command of the operator, which keeps its own time limit."""
    return state.running and state.labels.get(places.LABEL_OPERATION) in UNRECORDED


def watch_for(record: RunRecord, container: str, appliance: Appliance | None) -> Watch:
    """Return the watch over a run, with the time at which it is stopped from outside."""
    client = appliance.client(record.client) if appliance else None
    timeout = client.timeout if client else _UNKNOWN_TIMEOUT
    return Watch(record=record, container=container, deadline=record.started + timeout + BACKSTOP)
