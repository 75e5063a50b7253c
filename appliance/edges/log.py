"""Set logging up: one line an event on standard error, each with the client and the run it is about."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from appliance.plan.log_line import NOBODY, harmless, head_of, written

if TYPE_CHECKING:
    from typing import TextIO


def set_up(form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Send everything from level info on to the stream. Client and run come by `extra={"client": …, "run": …}`."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler, _TALLY], force=True)
    # They log every request they make; at info that would be all there is to read.
    for noisy in ("docker", "urllib3", "paramiko", "fabric", "invoke"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def counts() -> dict[str, int]:
    """Return how many messages of each level this process has logged."""
    return dict(_TALLY.counts)


class _Tally(logging.Handler):
    """Counts messages by level, zeros from the start, whatever form the lines have."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = dict.fromkeys(("info", "warning", "error", "critical"), 0)

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname.lower()
        if level in self.counts:
            self.counts[level] += 1


_TALLY = _Tally()


class TextLines(logging.Formatter):
    """`time level client=NAME run=ID message`; a traceback follows with the same head on each of its lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of one event."""
        head = head_of(_time(record), record.levelname, *_whom(record))
        lines = [harmless(record.getMessage()), *(harmless(line) for line in _traceback(self, record).splitlines())]
        return "\n".join(f"{head} {line}" for line in lines)


class JsonLines(logging.Formatter):
    """One JSON object a line. ASCII only, so that nothing of a client's text reaches a terminal or a parser raw."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one event."""
        client, run = _whom(record)
        fields = {
            "time": written(_time(record)),
            "level": record.levelname.lower(),
            "client": client,
            "run": run,
            "logger": record.name,
            "message": record.getMessage(),
        }
        traceback = _traceback(self, record)
        return json.dumps({**fields, "traceback": traceback} if traceback else fields)


def _whom(record: logging.LogRecord) -> tuple[str, str]:
    client, run = (str(getattr(record, name, "") or NOBODY) for name in ("client", "run"))
    return client, run


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info) if record.exc_info else ""
