"""One thread per run in progress: it follows its container, and a bug in it becomes that run's record."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from appliance.errors import BorgpullError, EngineError, StateError
from appliance.plan import places
from appliance.record import Reason, Trigger
from appliance.run import failed_inside, keep_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from appliance.record import RunRecord
    from appliance.run import Desk, Watch

_LOG = logging.getLogger(__name__)
# The container's own undo (unmount, lock, temporary archive) takes its time before it is killed.
STOP_GRACE_SECONDS = 90


@dataclass(slots=True)
class _Worker:
    watch: Watch
    thread: threading.Thread
    stopping: threading.Thread | None = None


class Workers:
    """The runs in progress, one per client. Only the supervisor's own thread calls the methods."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._workers: dict[str, _Worker] = {}
        self._ending: dict[str, threading.Thread] = {}

    def __len__(self) -> int:
        """How many runs are in progress."""
        return len(self._workers)

    def __contains__(self, client: object) -> bool:
        """Whether a run of that client is in progress."""
        return client in self._workers

    @property
    def upkeep(self) -> int:
        """How many of them the schedule started to look after what is kept."""
        records = (worker.watch.record for worker in self._workers.values())
        return sum(record.operation.is_upkeep and record.trigger is not Trigger.OPERATOR for record in records)

    def is_tidying(self, client: str) -> bool:
        """Whether the client's run has ended for everybody who looks, and what is left of it is being removed."""
        worker = self._workers.get(client)
        return worker is not None and worker.watch.is_recorded

    def is_removing(self, container: str) -> bool:
        """Whether a container that nobody follows is being stopped and removed."""
        thread = self._ending.get(container)
        return thread is not None and thread.is_alive()

    def run_ids(self) -> frozenset[str]:
        """Return the runs that have a thread of ours."""
        return frozenset(worker.watch.record.run_id for worker in self._workers.values())

    def machines(self) -> frozenset[str]:
        """Return the clients whose machines they reach: another one's where an archive is restored there."""
        records = [worker.watch.record for worker in self._workers.values()]
        return frozenset((record.restore.destination if record.restore else "") or record.client for record in records)

    def start(self, watch: Watch, work: Callable[[], RunRecord | None]) -> None:
        """Let a thread do the work of a run. It is a daemon: the supervisor ends without it, the container goes on."""
        name = watch.record.client
        thread = threading.Thread(target=self._work, args=(watch, work), name=f"run-{name}", daemon=True)
        self._workers[name] = _Worker(watch, thread)
        thread.start()

    def reap(self) -> tuple[str, ...]:
        """Forget the runs whose thread has ended; return their clients."""
        ended = tuple(name for name, worker in self._workers.items() if not worker.thread.is_alive())
        for name in ended:
            del self._workers[name]
        return ended

    def stop(self, client: str) -> str:
        """Have the client's run stopped on request; return its id, or nothing when there is none."""
        worker = self._workers.get(client)
        if worker is None:
            return ""
        worker.watch.stop_reason = worker.watch.stop_reason or Reason.STOPPED
        return worker.watch.record.run_id

    def enforce(self, now: datetime) -> None:
        """Stop what is past its time or was asked to stop; again and again, until its thread has seen it end."""
        for worker in self._workers.values():
            if now > worker.watch.deadline and worker.watch.stop_reason is None:
                _LOG.warning("over its time limit, stopping it", extra=about(worker.watch.record))
                worker.watch.stop_reason = Reason.TIMEOUT
            idle = worker.stopping is None or not worker.stopping.is_alive()
            if worker.watch.stop_reason is not None and idle:
                stop = partial(self._stop, whose=about(worker.watch.record))
                worker.stopping = self._apart(worker.watch.container, stop)

    def end(self, container: str) -> None:
        """Stop and remove a container that nobody follows, without waiting for it."""
        if not self.is_removing(container):
            self._ending[container] = self._apart(container, self._stop_and_remove)

    def _apart(self, container: str, act: Callable[[str], None]) -> threading.Thread:
        thread = threading.Thread(target=act, args=(container,), name=f"end-{container}", daemon=True)
        thread.start()
        return thread

    def _stop(self, container: str, *, whose: dict[str, str]) -> None:
        try:
            self._desk.engine.stop(container, STOP_GRACE_SECONDS)
        except EngineError as error:
            _LOG.warning("%s: cannot be stopped yet: %s", container, error, extra=whose)
        # Asked again only after a while, should it still be there.
        self._desk.pause(1.0)

    def _stop_and_remove(self, container: str) -> None:
        try:
            self._desk.engine.stop(container, STOP_GRACE_SECONDS)
            self._keep_its_log(container)
            self._desk.engine.remove(container)
        except (EngineError, StateError) as error:
            _LOG.warning("%s: cannot be removed yet: %s", container, error)

    def _keep_its_log(self, container: str) -> None:
        """Keep what it said where it was a run's: one that ended by a fault of ours is recorded before it has ended."""
        state = self._desk.engine.inspect(container)
        record = self._desk.journal.run(state.labels.get(places.LABEL_RUN, "")) if state else None
        if record is not None:
            keep_log(self._desk, record, container)

    def _work(self, watch: Watch, work: Callable[[], RunRecord | None]) -> None:
        try:
            work()
        except (EngineError, StateError) as error:
            # Nobody can tell how it stands; it stays unfinished and is adopted as soon as somebody can.
            _LOG.warning("left for later: %s", error, extra=about(watch.record))
        except Exception as error:  # noqa: BLE001 - the one broad except: a bug in one run must not end the others
            _LOG.exception("ended by a fault of Borgpull", extra=about(watch.record))
            try:
                failed_inside(self._desk, watch.record, error)
            except BorgpullError as second:
                _LOG.error("the fault cannot be recorded yet: %s", second, extra=about(watch.record))


def about(record: RunRecord) -> dict[str, str]:
    """Return what a line of the log says of the run it is about."""
    return {"client": record.client, "run": record.run_id}
