"""Keep what a run's container said, before the container is removed: afterwards nobody can read it any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.config.model import ApplianceSettings
from appliance.errors import EngineError, StateError
from appliance.plan import events, run_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.log_line import LogLine
    from appliance.record import RunRecord
    from appliance.run.desk import Desk


def keep_log(desk: Desk, record: RunRecord, container: str, *, is_second: bool = False) -> None:
    """Keep the container's whole log. What cannot be kept is told, and never a reason for a run to fail.

    Doing it again is harmless: a log that could be read to its end is not replaced by one that breaks off. What the
    `is_second` container of a run said comes after what the first one did.
    """
    heard = _Heard(desk, record, container)
    lines = run_log.bounded(heard.lines(), record)
    appliance = desk.appliance()
    settings = appliance.settings if appliance else ApplianceSettings()
    try:
        if is_second:
            lines = _after(tuple(desk.logs.read(record.client, record.run_id) or ()), tuple(lines))
        if not heard.trouble or record.run_id not in desk.logs.kept(record.client):
            desk.logs.keep(record.client, record.run_id, lines, newest=settings.keep_logs)
    except StateError as error:
        _complain(desk, record, f"its log is not kept: {error}")
    if heard.trouble:
        _complain(desk, record, f"its log may not be whole: {heard.trouble}")


def _after(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Put what the second container said behind the first's, once: a crash in between does it again."""
    return first if second and first[-len(second) :] == second else (*first, *second)


class _Heard:
    """The container's lines as they are read, and what broke off, if anything did."""

    def __init__(self, desk: Desk, record: RunRecord, container: str) -> None:
        self._desk, self._record, self._container = desk, record, container
        self.trouble = ""

    def lines(self) -> Iterator[LogLine]:
        try:
            yield from run_log.told(self._desk.engine.said(self._container), self._record)
        except EngineError as error:
            self.trouble = str(error)
            sentence = f"the rest is missing, since the container's output could not be read: {error}"
            yield run_log.of_supervisor(self._record, self._desk.clock.now(), sentence)


def _complain(desk: Desk, record: RunRecord, sentence: str) -> None:
    desk.log(record, events.Note(level="warning", message=sentence))
