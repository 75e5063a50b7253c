"""The lines of a run's log, wherever they are: kept in a file, or still with the container of a run in progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.cli.surroundings import heartbeat_age, is_alive, supervisor_sentence
from appliance.errors import EngineError, NotFoundError, SupervisorError
from appliance.plan import places, run_log
from appliance.plan.log_line import LogLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.cli.surroundings import Surroundings
    from appliance.record import RunRecord

_POLL_SECONDS = 0.5
_BREAKS_IN_A_ROW = 10


def so_far(world: Surroundings, record: RunRecord) -> Iterator[LogLine]:
    """Yield what the run has said, and how it ended, if it has; raises NotFoundError when nothing of it is kept."""
    if record.finished is None:
        lines = tuple(_live(world, record, follow=False))
        # Looked at afterwards: a run that ended in between has its log in the file.
        record = world.journal().run(record.run_id) or record
        if lines or record.finished is None:
            yield from lines
            yield from _end(record)
            return
    kept = _kept(world, record)
    if kept is None:
        raise NotFoundError(_no_log(record))
    yield from kept
    yield from _end(record)


def following(world: Surroundings, record: RunRecord) -> Iterator[LogLine]:
    """Yield what the run says until it has ended, and how it ended. Of a run that has ended, its log.

    Raises SupervisorError when nobody is there who would record its end.
    """
    if record.finished is not None:
        yield from so_far(world, record)
        return
    shown = breaks = 0
    ended = record
    while ended.finished is None:
        try:
            for number, line in enumerate(_live(world, record, follow=True)):
                # A stream begins anew each time: what was shown before is not shown twice.
                if number >= shown:
                    shown, breaks = number + 1, 0
                    yield line
        except EngineError:
            breaks += 1
            if breaks > _BREAKS_IN_A_ROW:
                raise
        ended = world.journal().run(record.run_id) or record
        if ended.finished is None:
            _insist_on_a_supervisor(world)
            world.wait(_POLL_SECONDS)
    kept = _kept(world, ended) or ()
    if all(line.logger != run_log.SUPERVISOR for line in kept):
        # What it said while nobody listened; in a log with a cut the numbers do not fit.
        yield from kept[shown:]
    yield from _end(ended)


def _live(world: Surroundings, record: RunRecord, *, follow: bool) -> Iterator[LogLine]:
    """Yield what the run's container says; nothing when there is none, or when another run's has its name."""
    engine = world.engine()
    container = places.container_name(world.load().settings.name, record.client)
    state = engine.inspect(container)
    if state is not None and state.labels.get(places.LABEL_RUN) == record.run_id:
        yield from run_log.told(engine.said(container, follow=follow), record)


def _kept(world: Surroundings, record: RunRecord) -> tuple[LogLine, ...] | None:
    lines = world.logs().read(record.client, record.run_id)
    if lines is None:
        return None
    read = [LogLine.from_json(text) for text in lines]
    known = tuple(line for line in read if line is not None)
    if len(known) == len(read):
        return known
    damaged = f"{len(read) - len(known)} lines of this log are damaged and left out"
    return (*known, run_log.of_supervisor(record, record.finished or record.started, damaged))


def _end(record: RunRecord) -> Iterator[LogLine]:
    end = run_log.end_of(record)
    if end is not None:
        yield end


def _no_log(record: RunRecord) -> str:
    end = run_log.end_of(record)
    return (
        f"no log of the run {record.run_id} of {record.client} is kept: it had no container, its container was removed "
        "from outside, the volume was full (the supervisor's log says so), or newer logs took its place (`keep_logs`). "
        f"It ended so: {end.message if end else 'nobody knows'}"
    )


def _insist_on_a_supervisor(world: Surroundings) -> None:
    heartbeat = heartbeat_age(world.journal(), world.clock.now())
    if not is_alive(heartbeat):
        raise SupervisorError(supervisor_sentence(heartbeat))
