"""What a pull container says on its standard output, one JSON object a line, and how the supervisor reads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from appliance.record import ArchiveStats, Outcome, Progress, Reason, RepositoryStats

STEPS = ("prepare", "connect", "before", "open", "liveness", "create", "verify", "rename", "close", "after")
STEPS_IN_THE_REPOSITORY = ("look", "prune", "compact", "check", "read", "repair", "sample", "restore", "compare")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedArchive:
    """An archive that stands in the repository under a final name, as `borg list` has it."""

    name: str
    id: str
    started: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFindings:
    """What a check read. `repository` is "whole", "part" (it goes on another night), "damaged", or "" where unread.

    `verified` and `damaged` are ids of archives that were read.
    """

    repository: str = ""
    verified: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The last word of a pull container: how the run ended. The engine's own report may still overrule it.

    `gone` are the ids of archives that the ledger is to forget, since we pruned them or the operator gave them up.
    """

    outcome: Outcome
    reason: Reason | None = None
    message: str = ""
    warnings: tuple[str, ...] = field(default=())
    warning_count: int = 0
    exit_code: int | None = None
    archive: ArchiveStats | None = None
    repository: RepositoryStats | None = None
    archives: tuple[ListedArchive, ...] = ()
    source_filesystem: str = ""
    facts: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    check: CheckFindings | None = None
    listed_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line for the run's log."""

    level: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """One item of an answer: an archive, a file, a host key, a line of an exported key."""

    value: dict[str, Any]


Event = Progress | Result | Note | Data


def write(event: Event) -> str:
    """One line for standard output, without its newline. ASCII only: names of any encoding survive any log driver."""
    kind = {Progress: "progress", Result: "result", Note: "note", Data: "data"}[type(event)]
    return json.dumps({"event": kind, **asdict(event)}, default=_plain)


def read(line: str) -> Event | None:
    """Read one line; None when it is not one of ours (an engine's own message, a traceback)."""
    try:
        fields = json.loads(line)
        kind = fields.pop("event")
        match kind:
            case "progress":
                return Progress(**_with_times(fields, "updated"))
            case "result":
                return _result(fields)
            case "note":
                return Note(**fields)
            case "data":
                return Data(**fields)
            case _:
                return None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _result(fields: dict[str, Any]) -> Result:
    archive, repository = fields.pop("archive"), fields.pop("repository")
    return Result(
        **{
            **fields,
            "outcome": Outcome(fields["outcome"]),
            "reason": Reason(fields["reason"]) if fields["reason"] else None,
            "warnings": tuple(fields["warnings"]),
            "facts": tuple(fields["facts"]),
            "gone": tuple(fields["gone"]),
            "check": _findings(fields.get("check")),
            "archives": tuple(ListedArchive(**_with_times(entry, "started")) for entry in fields["archives"]),
        },
        archive=ArchiveStats(**_with_times(archive, "started")) if archive else None,
        repository=RepositoryStats(**repository) if repository else None,
    )


def _findings(fields: dict[str, Any] | None) -> CheckFindings | None:
    if not fields:
        return None
    return CheckFindings(
        repository=fields["repository"], verified=tuple(fields["verified"]), damaged=tuple(fields["damaged"])
    )


def _with_times(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: datetime.fromisoformat(value) if key in names and value else value for key, value in fields.items()}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON form for {value!r}")
