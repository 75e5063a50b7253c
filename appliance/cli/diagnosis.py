"""What `borgpull repair` found: the repository beside the ledger, as values, as JSON and as lines for a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from appliance.cli.readable import count, iso, moment, safe, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from appliance.record import ArchiveStats, LedgerEntry, RollbackPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Newer:
    """What was written after the last good run: segments and their bytes; `lost` of the older ones are gone."""

    segments: int = 0
    size: int = 0
    first: datetime | None = None
    last: datetime | None = None
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """How the repository stands. `missing` is in the ledger alone, `strangers` (name, start) in the repository alone.

    `trouble` says why the repository could not be opened at all; `point` is the state that can be rolled back to.
    """

    client: str
    missing: tuple[ArchiveStats, ...] = ()
    strangers: tuple[tuple[str, datetime], ...] = ()
    there: int = 0
    trouble: str = ""
    point: RollbackPoint | None = None
    newer: Newer = field(default_factory=Newer)

    @property
    def is_whole(self) -> bool:
        """Whether every archive of the ledger is there."""
        return not self.missing and not self.trouble

    @property
    def why_no_rollback(self) -> str:
        """Say why nothing can be rolled back; empty when it can."""
        if self.point is None:
            return "no good run has noted yet how the repository stood"
        if self.newer.lost:
            return (
                f"the repository was compacted after the last good run ({count(self.newer.lost, 'segment')} of it "
                "gone), and that is final"
            )
        return ""

    def to_json(self) -> dict[str, Any]:
        """Give it to programs."""
        return {
            "client": self.client,
            "missing": [{"name": one.name, "id": one.id, "started": iso(one.started)} for one in self.missing],
            "not_in_ledger": [{"name": name, "started": iso(started)} for name, started in self.strangers],
            "trouble": self.trouble,
            "last_good": None if self.point is None else _point_json(self.point),
            "newer": {
                "segments": self.newer.segments,
                "bytes": self.newer.size,
                "first": iso(self.newer.first),
                "last": iso(self.newer.last),
            },
            "can_roll_back": not self.why_no_rollback,
        }


def diagnose(
    client: str, told: Iterable[Mapping[str, Any]], ledger: Sequence[LedgerEntry], point: RollbackPoint | None
) -> Diagnosis:
    """Put together what the repository told and what the ledger knows."""
    items = list(told)
    listed = {str(item["id"]): (str(item["archive"]), _time(item["started"])) for item in items if "archive" in item}
    pruned = {str(one) for item in items for one in item.get("pruned", ())}
    trouble = next((str(item["trouble"]) for item in items if "trouble" in item), "")
    newer = next((item for item in items if "newer" in item), {})
    known = {entry.archive.id: entry.archive for entry in ledger}
    return Diagnosis(
        client=client,
        missing=()
        if trouble
        else tuple(one for key, one in known.items() if not _is_there(one, listed.get(key)) and key not in pruned),
        strangers=tuple(seen for key, seen in listed.items() if key not in known),
        there=len(listed),
        trouble=trouble,
        point=point,
        newer=Newer(
            segments=int(newer.get("newer", 0)),
            size=int(newer.get("bytes", 0)),
            first=_time(newer["first"]) if newer.get("first") else None,
            last=_time(newer["last"]) if newer.get("last") else None,
            lost=int(newer.get("lost", 0)),
        ),
    )


def page(found: Diagnosis, zone: tzinfo) -> list[Text]:
    """Say what happened, since when, and what to do; short, since it is read at night."""
    if found.is_whole:
        return [
            Text(f"Every archive of the ledger is in the repository of {found.client}; nothing to repair."),
            *_strangers(found, zone),
            *_newer(found),
        ]
    return [*_loss(found, zone), *_strangers(found, zone), *_since(found, zone), *_ways(found)]


def _loss(found: Diagnosis, zone: tzinfo) -> Iterator[Text]:
    if found.trouble:
        yield Text(f"The repository of {found.client} cannot be read: {safe(found.trouble)}", style="bold red")
        return
    gone = count(len(found.missing), "archive")
    yield Text(f"{gone} of {found.client} gone from the repository, and Borgpull did not do it:", style="bold red")
    for archive in found.missing:
        yield Text(f"  {safe(archive.name)}  {moment(archive.started, zone)}  {archive.id}")


def _strangers(found: Diagnosis, zone: tzinfo) -> Iterator[Text]:
    if not found.strangers:
        return
    made = count(len(found.strangers), "archive")
    yield Text(f"{made} in the repository that no good run made, and that nobody vouches for:", style="yellow")
    for name, started in found.strangers:
        yield Text(f"  {safe(name)}  {moment(started, zone)}")
    if found.is_whole:
        yield Text(f"Not wanted? `borgpull repair {found.client} --delete-strangers`; prune waits for that.")


def _newer(found: Diagnosis) -> Iterator[Text]:
    if found.newer.segments and not found.why_no_rollback:
        yield Text(
            f"{count(found.newer.segments, 'segment')} were written since the last good run. Did a run or a prune say "
            f"that contents are gone? `borgpull repair {found.client} --roll-back` takes back what was written since."
        )


def _since(found: Diagnosis, zone: tzinfo) -> Iterator[Text]:
    if found.point is None:
        return
    point, newer = found.point, found.newer
    yield Text(f"Last good run: {point.run_id}, {moment(point.reached, zone)} (transaction {point.transaction}).")
    if newer.segments:
        yield Text(
            f"Written since: {count(newer.segments, 'segment')}, {size(newer.size)}, "
            f"from {moment(newer.first, zone)} to {moment(newer.last, zone)}."
        )


def _ways(found: Diagnosis) -> Iterator[Text]:
    yield Text("No run writes to the repository until you decide:", style="bold")
    refusal = found.why_no_rollback
    if refusal:
        yield Text(
            f"  It cannot be rolled back: {refusal}. Bring back a copy of /repos/{found.client}, if there is one."
        )
    else:
        lost = f" The {count(len(found.strangers), 'archive')} above would go with it." if found.strangers else ""
        yield Text(f"  borgpull repair {found.client} --roll-back   takes back what was written since.{lost}")
    if not found.trouble:
        yield Text(
            f"  borgpull repair {found.client} --accept      if they were deleted on purpose: they leave the ledger."
        )
    yield Text("First look at the client: whoever did this had its key or its passphrase.")


def _point_json(point: RollbackPoint) -> dict[str, Any]:
    return {"run_id": point.run_id, "reached": iso(point.reached), "transaction": point.transaction}


def _is_there(known: ArchiveStats, listed: tuple[str, datetime] | None) -> bool:
    return listed == (known.name, known.started)


def _time(text: Any) -> datetime:
    found = datetime.fromisoformat(str(text))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
