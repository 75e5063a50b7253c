"""What checks and drills of a repository have found: what was read when, what is damaged until a check is good."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from appliance.plan.age import is_ahead
from appliance.plan.gates import Refusal
from appliance.record import Operation, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from appliance.plan.events import CheckFindings
    from appliance.record import LedgerEntry, RunRecord

# What stands for the repository's own files among the ids of damaged archives.
REPOSITORY = "repository"
CHECKED = "checked:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is known of one client's repository.

    `repository` is when its files were last read to the end, `unfinished` says that a look at them is to go on.
    `archives` is when each archive was last read whole, by id. Both whatever was found: `damaged` holds what, as ids of
    archives and REPOSITORY, `since` is the first of it and `sentence` what the check said.
    """

    repository: datetime | None = None
    unfinished: bool = False
    archives: Mapping[str, datetime] = field(default_factory=dict)
    damaged: frozenset[str] = frozenset()
    since: datetime | None = None
    sentence: str = ""

    @property
    def ever(self) -> bool:
        """Whether any check has come to an end."""
        return self.repository is not None or bool(self.archives) or bool(self.damaged)

    def by(self, now: datetime) -> Checked:
        """Leave out what a clock that was wrong has dated ahead of now: it would be due again in years."""
        archives = {archive: when for archive, when in self.archives.items() if not is_ahead(when, now)}
        repository = None if self.repository and is_ahead(self.repository, now) else self.repository
        return replace(self, repository=repository, archives=archives)

    def to_json(self) -> str:
        """Write it as a fact of the journal."""
        return json.dumps(
            {
                "repository": self.repository.isoformat() if self.repository else None,
                "unfinished": self.unfinished,
                "archives": {archive: when.isoformat() for archive, when in self.archives.items()},
                "damaged": sorted(self.damaged),
                "since": self.since.isoformat() if self.since else None,
                "sentence": self.sentence,
            }
        )

    @classmethod
    def from_json(cls, text: str | None) -> Checked:
        """Read the fact; nothing was ever checked where there is none."""
        if not text:
            return cls()
        fields = json.loads(text)
        return cls(
            repository=datetime.fromisoformat(fields["repository"]) if fields["repository"] else None,
            unfinished=fields["unfinished"],
            archives={archive: datetime.fromisoformat(when) for archive, when in fields["archives"].items()},
            damaged=frozenset(fields["damaged"]),
            since=datetime.fromisoformat(fields["since"]) if fields["since"] else None,
            sentence=fields["sentence"],
        )


def checked_fact(client: str) -> str:
    """Name the fact that holds what is known of that client's repository."""
    return f"{CHECKED}{client}"


def after(
    before: Checked, run: RunRecord, findings: CheckFindings | None, ledger: Iterable[LedgerEntry]
) -> Checked | None:
    """Return what is known after a check or a drill that ended; None when it tells nothing new.

    Damage goes only where the same thing was read again and is whole. What left the ledger since cannot be read again:
    the operator gave it up, and the next good check forgets it. A drill reads a sample: it finds damage, and ends none.
    """
    at, is_damage = run.finished or run.started, run.reason is Reason.INTEGRITY
    good = run.outcome is not None and run.outcome.is_good
    if run.operation is Operation.DRILL and is_damage:
        return _with(before, before.damaged | _damaged(findings), run, at, repository=before.repository)
    if run.operation is not Operation.CHECK or not (good or is_damage):
        return None
    known = {entry.archive.id for entry in ledger}
    if findings is None:
        return _with(before, before.damaged | _damaged(findings), run, at, repository=at)
    read = {*findings.verified, *findings.damaged}
    gone = before.damaged - known - {REPOSITORY} if good else frozenset()
    whole = set(findings.verified) | ({REPOSITORY} if findings.repository == "whole" else set())
    damaged = (before.damaged - whole - gone) | _damaged(findings)
    ended = findings.repository in ("whole", "damaged")
    archives = {archive: when for archive, when in before.archives.items() if archive in known}
    archives |= dict.fromkeys(sorted(read & known), at)
    fresh = replace(
        before,
        archives=archives,
        unfinished=findings.repository == "part" or (before.unfinished and not ended),
    )
    return _with(fresh, damaged, run, at, repository=at if ended else before.repository)


def damage_gate(client: str, checked: Checked) -> Refusal | None:
    """Refuse to delete or compact while anything is damaged: the archive that goes may hold the last whole copy."""
    if not checked.damaged:
        return None
    since = f" at {checked.since:%Y-%m-%d %H:%M} UTC" if checked.since else ""
    sentence = (
        f"A check or drill of {client}{since} found damage, so nothing is pruned or compacted: {checked.sentence} "
        f"When it is repaired, `borgpull run {client} --operation check`; a good one ends this."
    )
    return Refusal(reason=Reason.INTEGRITY, sentence=" ".join(sentence.split()))


def _damaged(findings: CheckFindings | None) -> frozenset[str]:
    """Without findings it did not get as far as looking for what: the repository itself did not open."""
    if findings is None:
        return frozenset({REPOSITORY})
    return frozenset(findings.damaged) | ({REPOSITORY} if findings.repository == "damaged" else frozenset())


def _with(
    before: Checked, damaged: frozenset[str], run: RunRecord, at: datetime, *, repository: datetime | None
) -> Checked:
    found = run.reason is Reason.INTEGRITY
    return replace(
        before,
        repository=repository,
        damaged=damaged,
        since=(before.since or at) if damaged else None,
        sentence=(run.message if found else before.sentence) if damaged else "",
    )
