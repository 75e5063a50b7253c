"""Records and other values to the JSON that stands in the tables, and back."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from appliance.record import (
    ArchiveStats,
    Operation,
    Outcome,
    Progress,
    Reason,
    RepositoryStats,
    RestoreOrder,
    RollbackPoint,
    RunRecord,
    Trigger,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import DataclassInstance


def time_text(time: datetime) -> str:
    """Write a time so that it sorts as text."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def time_or_none(time: datetime | None) -> str | None:
    """Write a time that may be missing."""
    return None if time is None else time_text(time)


def read_time(text: str | None) -> datetime | None:
    """Read a time that may be missing."""
    return None if text is None else datetime.fromisoformat(text)


def write(value: RunRecord | Progress | ArchiveStats | RollbackPoint | RestoreOrder) -> str:
    """Write a value as JSON. ASCII only: a client's file names may hold what UTF-8 cannot.

    What a value has by default is left out, since most of most records is that.
    """
    usual = _USUAL.get(type(value), {})
    told = {key: one for key, one in _shallow(value).items() if key not in usual or one != usual[key]}
    return json.dumps(told, default=_plain, separators=(",", ":"))


def read_reason(text: str) -> Reason:
    """Read a reason; of one that a later version has added it is only known that something was wrong."""
    try:
        return Reason(text)
    except ValueError:
        return Reason.INTERNAL


def read_record(text: str) -> RunRecord:
    """Read a record back; keys that a later version added are passed over."""
    found = _known(RunRecord, json.loads(text))
    for key, read in _READ.items():
        if found.get(key) is not None:
            found[key] = read(found[key])
    return RunRecord(**found)


def read_archive(text: str) -> ArchiveStats:
    """Read an archive back."""
    return _archive(json.loads(text))


def read_point(text: str | None) -> RollbackPoint | None:
    """Read a point to roll back to; None where none was written down."""
    if text is None:
        return None
    found = _known(RollbackPoint, json.loads(text))
    return RollbackPoint(**{**found, "reached": datetime.fromisoformat(found["reached"])})


def read_progress(text: str) -> Progress:
    """Read a progress back."""
    found = _known(Progress, json.loads(text))
    return Progress(**{**found, "updated": read_time(found["updated"])})


def _archive(found: dict[str, Any]) -> ArchiveStats:
    return ArchiveStats(**{**_known(ArchiveStats, found), "started": datetime.fromisoformat(found["started"])})


def _repository(found: dict[str, Any]) -> RepositoryStats:
    return RepositoryStats(**_known(RepositoryStats, found))


def _known(
    kind: type[RunRecord | Progress | ArchiveStats | RepositoryStats | RollbackPoint], found: dict[str, Any]
) -> dict[str, Any]:
    names = _NAMES[kind]
    return found if found.keys() <= names else {key: value for key, value in found.items() if key in names}


def _shallow(value: DataclassInstance) -> dict[str, Any]:
    # Not `asdict`, which copies everything below as well: that was a quarter of the time of a run's end.
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _plain(value: object) -> str | dict[str, Any]:
    if isinstance(value, datetime):
        return time_text(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _shallow(value)
    raise TypeError(f"no JSON form for {value!r}")


_USUAL: dict[type, dict[str, Any]] = {
    RunRecord: {field.name: field.default for field in fields(RunRecord) if field.default is not MISSING}
}
# Once, since a scrape with 1,000 clients reads thousands of them.
_NAMES = {
    kind: frozenset(field.name for field in fields(kind))
    for kind in (RunRecord, Progress, ArchiveStats, RepositoryStats, RollbackPoint)
}
# How the values of a record that are no plain JSON are read.
_READ: dict[str, Callable[[Any], object]] = {
    "operation": Operation,
    "trigger": Trigger,
    "started": datetime.fromisoformat,
    "finished": datetime.fromisoformat,
    "outcome": Outcome,
    "reason": read_reason,
    "warnings": tuple,
    "restore": RestoreOrder.from_fields,
    "archive": _archive,
    "repository": _repository,
}
