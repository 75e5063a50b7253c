"""What the controller tells the supervisor: steps, progress, notes and the result, as JSON lines on standard output."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from appliance.plan import events
from appliance.record import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

_AT_MOST_EVERY_SECONDS = 1.0
_ITEMS_AN_EVENT = 500
# Proxies before the engine cut a stream that is silent for some minutes.
SILENT_AT_MOST_SECONDS = 60.0


class Voice:
    """Speaks to the supervisor; progress at most once a second, so that a log never fills with it."""

    def __init__(self) -> None:
        """Start silent."""
        self._progress = Progress(step="prepare")
        self._last_spoken = 0.0
        self._lock = threading.Lock()

    def step(self, name: str) -> None:
        """Say which step of the run begins."""
        self._progress = replace(self._progress, step=name)
        self._speak()

    def progress(
        self, *, files: int, original_size: int, deduplicated_size: int, path: str, total_size: int = 0
    ) -> None:
        """Say how far Borg has come."""
        self._progress = replace(
            self._progress,
            files=files,
            original_size=original_size,
            deduplicated_size=deduplicated_size,
            total_size=total_size,
            path=path,
        )
        if time.monotonic() - self._last_spoken >= _AT_MOST_EVERY_SECONDS:
            self._speak()

    def note(self, message: str, level: str = "info") -> None:
        """Leave a line in the run's log."""
        self._print(events.Note(level=level, message=message))

    def data(self, value: Mapping[str, Any]) -> None:
        """Give one item of an answer."""
        self._print(events.Data(value=dict(value)))

    def items(self, lines: Iterable[str]) -> None:
        """Give items of an answer, each a line of JSON already, many in one event: an archive holds millions.

        Each event says how many items there were with it, so that none can be missed unnoticed.
        """
        count, left = 0, iter(lines)
        while some := tuple(islice(left, _ITEMS_AN_EVENT)):
            count += len(some)
            self._say(f'{{"event": "data", "value": {{"items": [{",".join(some)}], "count": {count}}}}}')

    def result(self, result: events.Result) -> None:
        """Say the last word."""
        self._print(result)

    @contextmanager
    def never_silent(self) -> Iterator[None]:
        """Say every minute how far it has come, whatever is waited for within the block."""
        over = threading.Event()

        def murmur() -> None:
            while not over.wait(SILENT_AT_MOST_SECONDS):
                self._speak()

        thread = threading.Thread(target=murmur, name="murmur", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _speak(self) -> None:
        self._last_spoken = time.monotonic()
        self._print(self._progress)

    def _print(self, event: events.Event) -> None:
        self._say(events.write(event))

    def _say(self, line: str) -> None:
        # Two threads may speak, and a line is written in parts.
        with self._lock:
            print(line, flush=True)  # noqa: T201 - standard output is the channel to the supervisor
