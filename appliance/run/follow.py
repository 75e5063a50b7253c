"""Follow a container to its end, judge it and record it; the same for one just started and for one adopted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.errors import EngineError, StateError
from appliance.plan import events, places
from appliance.plan.judge import Verdict, more_telling, verdict
from appliance.record import Outcome, Progress, Reason, RunRecord
from appliance.run.ending import record_end, release
from appliance.run.keeping import keep_log

if TYPE_CHECKING:
    from appliance.ports import ContainerSpec, ContainerState
    from appliance.run.desk import Desk, Watch

PROGRESS_EVERY = timedelta(seconds=1.5)
RECONNECT_SECONDS = 1.0
# A stream ends a moment before the engine says that its container ended.
_FIRST_LOOKS = (0.05, 0.1, 0.2)
# An engine that breaks a stream off may look as if it had come to its end.
_CLEAN_READINGS = 6
_REFUSED_READINGS = 10


def follow(desk: Desk, watch: Watch) -> RunRecord | None:
    """Listen to the container until the engine says it ended, then judge, record and remove it; None when closing."""
    clean = refused = 0
    pauses = iter(_FIRST_LOOKS)
    while True:
        heard = _hear(desk, watch)
        state, seen = _look(desk, watch)
        if seen and (state is None or not state.running):
            # The stream may have broken just before the last word: an ended container is read again for it.
            clean, refused = (clean + 1, refused) if heard else (clean, refused + 1)
            if state is None or watch.result is not None or clean > _CLEAN_READINGS or refused > _REFUSED_READINGS:
                return _conclude(desk, watch, state, unheard=refused > _REFUSED_READINGS)
            if heard:
                continue
        if desk.pause(next(pauses, RECONNECT_SECONDS)):
            return None


def own_state(desk: Desk, watch: Watch) -> ContainerState | None:
    """Return the state of the run's container; None when it is gone, even if another now has its name."""
    state = desk.engine.inspect(watch.container)
    if state is None or state.labels.get(places.LABEL_RUN) != watch.record.run_id:
        return None
    return state


def _hear(desk: Desk, watch: Watch) -> bool:
    """Listen until the stream ends or breaks; return whether the engine let us.

    A stream begins anew each time: what was heard before is not told twice.
    """
    try:
        for index, line in enumerate(desk.engine.lines(watch.container)):
            event = events.read(line)
            if isinstance(event, events.Result):
                watch.result = more_telling(watch.result, event)
            elif index >= watch.lines_heard:
                watch.lines_heard = index + 1
                if isinstance(event, Progress):
                    _tell_progress(desk, watch, event)
                elif isinstance(event, events.Note):
                    desk.log(watch.record, event)
    except EngineError as error:
        _complain(desk, watch, error)
        return False
    return True


def _look(desk: Desk, watch: Watch) -> tuple[ContainerState | None, bool]:
    """Return the state of the container, and whether the engine told it at all."""
    try:
        return own_state(desk, watch), True
    except EngineError as error:
        _complain(desk, watch, error)
        return None, False


def _complain(desk: Desk, watch: Watch, error: EngineError) -> None:
    if watch.trouble != str(error):
        desk.log(watch.record, events.Note(level="warning", message=f"lost sight of the container: {error}"))
    watch.trouble = str(error)


def _tell_progress(desk: Desk, watch: Watch, progress: Progress) -> None:
    now = desk.clock.now()
    if watch.told is not None and timedelta(0) <= now - watch.told < PROGRESS_EVERY:
        return
    watch.told = now
    try:
        desk.journal.progress(watch.record.run_id, replace(progress, updated=now))
    except StateError as error:
        # Progress is a courtesy; the run itself goes on without it.
        desk.log(watch.record, events.Note(level="warning", message=f"progress is not recorded: {error}"))


def _conclude(desk: Desk, watch: Watch, state: ContainerState | None, *, unheard: bool) -> RunRecord | None:
    known = desk.journal.repository(watch.record.client)
    end = verdict(
        watch.record,
        state,
        watch.result,
        stop_reason=watch.stop_reason,
        pinned=known.repository_id if known else None,
    )
    if end.reason is Reason.INTERNAL and unheard and watch.result is None:
        # It may have said something, and even that all is well: nobody knows, so it does not count.
        end = Verdict(outcome=Outcome.FAILED, reason=Reason.ENGINE, message=_UNHEARD.format(watch.trouble))
    if end.reason is Reason.INTERNAL and state is not None:
        _show_its_output(desk, watch)
    if not end.outcome.is_good:
        # Before it is recorded: a crash in between does it again.
        release(desk, watch.record)
    if state is not None:
        # Before it is recorded, too: a container whose run is recorded may be removed by anybody.
        keep_log(desk, watch.record, watch.container, is_second=places.LABEL_SECOND in state.labels)
    if end.outcome.is_good and state is not None and watch.then is not None:
        return _go_on(desk, watch, watch.then, end)
    if end.outcome.is_good and watch.is_half and (state is None or places.LABEL_SECOND not in state.labels):
        end = Verdict(outcome=Outcome.WARNING, reason=Reason.KILLED, message=f"{end.message} {_HALF}")
    record = record_end(desk, watch, end, watch.result)
    if state is not None:
        _remove(desk, watch)
    return record


_HALF = "The supervisor ended meanwhile, so nothing was compared with the client."
_UNHEARD = "The container ended, but the engine did not let its last word be read: {}"


def _go_on(desk: Desk, watch: Watch, spec: ContainerSpec, first: Verdict) -> RunRecord | None:
    """Start the second container of a run in the place of the first; what the first one did stands without it too."""
    said, watch.then = watch.result, None
    try:
        desk.engine.remove(watch.container)
        watch.result, watch.lines_heard = None, 0
        desk.engine.start(spec)
    except EngineError as error:
        message = f"{first.message} The engine did not let it go on: {error}"
        end = Verdict(outcome=Outcome.WARNING, reason=Reason.ENGINE, message=message)
        return record_end(desk, watch, end, said)
    return follow(desk, watch)


def _show_its_output(desk: Desk, watch: Watch) -> None:
    try:
        desk.log(watch.record, events.Note(level="error", message=desk.engine.log(watch.container)))
    except EngineError as error:
        _complain(desk, watch, error)


def _remove(desk: Desk, watch: Watch) -> None:
    """Remove the container of a recorded run. Where that fails the supervisor finds it and removes it later."""
    try:
        desk.engine.remove(watch.container)
    except EngineError as error:
        desk.log(watch.record, events.Note(level="warning", message=f"its container is not removed yet: {error}"))
