"""What Borg prints, as values: `--log-json` lines, `create --json`, `list --json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from appliance.errors import StateError
from appliance.record import ArchiveStats

_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveProgress:
    """How far `borg create` has come; sizes in bytes."""

    files: int
    original_size: int
    deduplicated_size: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractProgress:
    """How far `borg extract` or `export-tar` has come, in bytes; `total` is 0 before it is known."""

    done: int
    total: int
    path: str


_PLAIN = "plain text"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMessage:
    """A message of Borg. `message_id` is its class name where it has one, `source` the part of Borg that says it."""

    level: str
    message: str
    message_id: str = ""
    source: str = ""

    @property
    def is_housekeeping(self) -> bool:
        """Whether it tells of Borg's own tidying and not of the archive: the lock of a machine that crashed, say."""
        return self.level == "WARNING" and self.source == "borg.locking"

    @property
    def is_plain(self) -> bool:
        """Whether it is a line as anybody may print it, and not in the form in which Borg warns of files."""
        return self.source == _PLAIN

    @property
    def is_trouble(self) -> bool:
        """Whether it is a warning or worse."""
        return self.level in ("WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What `borg create --json` says at its end."""

    archive: ArchiveStats
    repository_id: str
    encryption: str
    cache: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What `borg list --json` says: (name, id, start) of every archive."""

    repository_id: str
    encryption: str
    archives: tuple[tuple[str, str, datetime], ...]


def read_line(line: str) -> ArchiveProgress | ExtractProgress | LogMessage | None:
    """Read a line of standard error. Plain text (argument errors are never JSON) becomes an ERROR message."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return LogMessage(level="ERROR", message=line.strip(), source=_PLAIN) if line.strip() else None
    if not isinstance(fields, dict):
        return None
    match fields.get("type"):
        case "archive_progress" if not fields.get("finished"):
            return ArchiveProgress(
                files=_count(fields.get("nfiles")),
                original_size=_count(fields.get("original_size")),
                deduplicated_size=_count(fields.get("deduplicated_size")),
                path=str(fields.get("path", "")),
            )
        case "progress_percent" if fields.get("msgid") == "extract" and not fields.get("finished"):
            path = fields.get("info") or [""]
            return ExtractProgress(
                done=_count(fields.get("current")), total=_count(fields.get("total")), path=str(path[-1])
            )
        case "log_message":
            return LogMessage(
                level=str(fields.get("levelname", "INFO")),
                message=_without_traceback(str(fields.get("message", ""))),
                message_id=str(fields.get("msgid") or ""),
                source=str(fields.get("name") or ""),
            )
        case _:
            return None


def _count(value: object) -> int:
    """Take a number as a client's Borg sent it; one that no counter here could hold is not believed."""
    return value if isinstance(value, int) and 0 <= value <= _LARGEST else 0


def read_created(text: str) -> Created:
    """Read `create --json`; raises StateError when it is not that."""
    try:
        fields = json.loads(text)
        archive, stats = fields["archive"], fields["archive"]["stats"]
        return Created(
            archive=ArchiveStats(
                name=archive["name"],
                id=archive["id"],
                started=_time(archive["start"]),
                original_size=stats["original_size"],
                compressed_size=stats["compressed_size"],
                deduplicated_size=stats["deduplicated_size"],
                files=stats["nfiles"],
            ),
            repository_id=fields["repository"]["id"],
            encryption=fields["encryption"]["mode"],
            cache=fields["cache"]["stats"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"Borg's report on the new archive cannot be read ({error!r})") from error


def read_info(text: str) -> Created:
    """Read `info --json` of one archive; raises StateError when it is not that."""
    try:
        fields = json.loads(text)
        (archive,) = fields.pop("archives")
        return read_created(json.dumps({**fields, "archive": archive}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(f"Borg's description of the archive cannot be read ({error!r})") from error


def read_totals(text: str) -> dict[str, int]:
    """Read the sums in `info --json` of a repository; raises StateError when it is not that."""
    try:
        totals: dict[str, int] = json.loads(text)["cache"]["stats"]
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"Borg's description of the repository cannot be read ({error!r})") from error
    return totals


def read_listed(text: str) -> Listed:
    """Read `list --json`; raises StateError when it is not that."""
    try:
        fields = json.loads(text)
        return Listed(
            repository_id=fields["repository"]["id"],
            encryption=fields["encryption"]["mode"],
            archives=tuple(_archive(entry) for entry in fields["archives"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"Borg's list of archives cannot be read ({error!r})") from error


def _without_traceback(message: str) -> str:
    """Keep of a crash report what happened; where in Borg it did, and on which platform, helps no operator."""
    _, traceback, report = message.rpartition("Traceback (most recent call last):")
    if not traceback:
        return message
    # The last of a chain is what ended it (a KeyError before it is Borg's way to look into a dict); its own line is
    # the last one that is not indented.
    own = [line for line in report.split("\n\n")[0].splitlines() if line and not line.startswith(" ")]
    return own[-1] if own else message


def _archive(entry: dict[str, Any]) -> tuple[str, str, datetime]:
    return entry["archive"], entry["id"], _time(entry["start"])


def _time(text: str) -> datetime:
    # Borg's times are naive and in TZ, which we set to UTC.
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
