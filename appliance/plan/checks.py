"""When which part of a check is due, and what one check run reads."""

from __future__ import annotations

from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

from appliance.config.frequency import Frequency
from appliance.plan.age import is_ahead
from appliance.plan.checked import REPOSITORY
from appliance.plan.run_plan import PlannedCheck

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from appliance.config.model import Client
    from appliance.plan.checked import Checked
    from appliance.record import LedgerEntry

_NIGHTLY = Frequency.parse("daily")
_DAY = timedelta(days=1)
# A run begins some moments after its hour; an archive read a month ago at this hour is due at this hour.
_SLACK = timedelta(hours=12)
# What was left over for want of time goes on the next day.
_GO_ON_AFTER = timedelta(hours=20)
# A slow disk of a NAS reads so much in a second; what it can read within the budget is read in one go.
_BYTES_A_SECOND = 50_000_000


def repository_due(
    client: Client, checked: Checked, *, since: datetime, last: datetime | None, now: datetime, zone: ZoneInfo
) -> datetime | None:
    """Return when the repository's files are to be read next; None for never.

    `since` is when the repository was first seen, `last` when a check was last started.
    """
    salt = _salt(client)
    if checked.repository is None and is_ahead(since, now):
        return first_night(client.check.repository, last, salt, now, zone)
    if checked.unfinished and client.check.repository.schedule is not None:
        return _NIGHTLY.next_after(last or since, salt, zone)
    return client.check.repository.next_after(checked.repository or since, salt, zone)


def first_night(
    frequency: Frequency, last: datetime | None, salt: str, now: datetime, zone: ZoneInfo
) -> datetime | None:
    """Return the night after `last`, or else the coming one, for what was dated ahead; None for never.

    How long it has waited nobody knows. Counted from now, it would be due a whole period from each new now.
    """
    return None if frequency.schedule is None else _NIGHTLY.next_after(last or now - _SLACK, salt, zone)


def archives_due(
    client: Client,
    checked: Checked,
    ledger: Sequence[LedgerEntry],
    *,
    last: datetime | None,
    now: datetime,
    zone: ZoneInfo,
) -> datetime | None:
    """Return when the archive that has waited longest is to be read again; None for never."""
    period = client.check.data.period
    if period is None or not ledger:
        return None
    ready = min(_ready(entry, checked, period, now) for entry in ledger)
    if period < _DAY or client.check.data.is_duration:
        return ready if last is None else max(ready, last + min(period, _GO_ON_AFTER))
    # The first night from which it is not too early: so all of one night's archives are read by one run.
    ready -= _SLACK
    return _NIGHTLY.next_after(max(ready, last or ready), _salt(client), zone)


def plan_check(
    client: Client,
    checked: Checked,
    ledger: Sequence[LedgerEntry],
    *,
    now: datetime,
    since: datetime,
    last: datetime | None,
    zone: ZoneInfo,
    disk_size: int | None,
) -> PlannedCheck:
    """Return what a check of the schedule reads now; `disk_size` is that of the repository in bytes, if known."""
    budget = int(client.check.budget.total_seconds())
    due = repository_due(client, checked, since=since, last=last, now=now, zone=zone)
    reads_repository = due is not None and due <= now
    # In part, Borg cannot compare its index with the files, and goes on behind what it has found damaged.
    at_once = REPOSITORY in checked.damaged or (disk_size or 0) <= budget * _BYTES_A_SECOND
    whole = at_once and not checked.unfinished
    period = client.check.data.period
    early = now + (_SLACK if period and period >= _DAY else timedelta(0))
    ready = [(_ready(entry, checked, period, now), entry.archive.name) for entry in ledger] if period else []
    names = [name for moment, name in sorted(ready, key=itemgetter(0)) if moment <= early]
    return PlannedCheck(
        repository=("whole" if whole else "part") if reads_repository else "",
        budget=budget,
        archives=tuple(names),
    )


def everything(ledger: Sequence[LedgerEntry]) -> PlannedCheck:
    """Return what a check reads that an operator asks for: all of it, however long that takes."""
    newest_first = tuple(entry.archive.name for entry in reversed(ledger))
    return PlannedCheck(repository="whole", budget=0, archives=newest_first)


def _ready(entry: LedgerEntry, checked: Checked, period: timedelta, now: datetime) -> datetime:
    """Return when the archive is to be read again; now, where nobody knows how long one dated ahead has waited."""
    since = checked.archives.get(entry.archive.id, entry.archive.started)
    return now if is_ahead(since, now) else since + period


def _salt(client: Client) -> str:
    return f"{client.name}/check"
