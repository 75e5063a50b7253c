"""One line of a log: when, how grave, about which client and run, who spoke, and what was said."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

NOBODY = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One event. `time` is aware; `level` in small letters; `message` may hold a client's text, of several lines."""

    time: datetime
    level: str
    client: str
    run: str
    logger: str
    message: str

    def text(self) -> str:
        """Return `time level client=NAME run=ID message`, with the same head on each line of the message."""
        head = head_of(self.time, self.level, self.client, self.run)
        return "\n".join(f"{head} {harmless(line)}" for line in self.message.split("\n"))

    def json(self) -> str:
        """Return one JSON object. ASCII only, so that nothing of a client's text reaches a terminal or a parser raw."""
        return json.dumps({**asdict(self), "time": written(self.time)})

    @classmethod
    def from_json(cls, line: str) -> LogLine | None:
        """Read one back; None for what is no such line."""
        try:
            fields = json.loads(line)
            return cls(**{**fields, "time": datetime.fromisoformat(fields["time"])})
        except (ValueError, TypeError, KeyError):
            return None


def head_of(time: datetime, level: str, client: str, run: str) -> str:
    """Return how every line begins, whichever log it is in."""
    return f"{written(time)} {level.upper():<7} client={harmless(client or NOBODY)} run={harmless(run or NOBODY)}"


def written(time: datetime) -> str:
    """Write a time in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def harmless(text: str) -> str:
    """Write control characters, and what no terminal can show, as escapes: a file name cannot forge a line."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
