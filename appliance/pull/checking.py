"""One check run: the repository's files, then archives one by one, each read to its end; what is damaged is named."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.borg import check as verbs
from appliance.borg import exits
from appliance.plan import places
from appliance.plan.events import CheckFindings, ListedArchive, Result
from appliance.plan.run_plan import PlannedCheck
from appliance.pull import ledger, repository
from appliance.pull.failure import Failure
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.repository import Found
    from appliance.pull.voice import Voice

_CONFIG = Path(places.REPOSITORY) / "config"
_NAMED = 3
_WHAT_TO_DO = (
    "Look at the disk (`smartctl -a`) and the memory, copy the repository before any repair, then see the entry "
    "`integrity` in docs/troubleshooting.md. Nothing is pruned or compacted until a later check is good."
)


@dataclass(slots=True)
class _Found:
    """What a check has found so far; `said` is Borg's own word for each kind of damage."""

    repository: str = ""
    verified: list[ListedArchive] = field(default_factory=list)
    damaged: list[ListedArchive] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def is_damage(self) -> bool:
        return self.repository == "damaged" or bool(self.damaged)

    def findings(self) -> CheckFindings:
        return CheckFindings(
            repository=self.repository,
            verified=tuple(archive.id for archive in self.verified),
            damaged=tuple(archive.id for archive in self.damaged),
        )


def check(plan: RunPlan, voice: Voice) -> Result:
    """Read what the plan says; raises Failure where that cannot be done, which is no word about what is stored."""
    order = plan.check or PlannedCheck(repository="whole", budget=0, archives=())
    began = time.monotonic()
    voice.step("look")
    repository.insist_there(plan)
    repository.break_dead_locks(plan, voice)
    so_far = _Found()
    if order.repository:
        voice.step("check")
        so_far.repository = _check_files(plan, order, so_far)
    try:
        found = repository.look(plan)
        ledger.insist_complete(plan, found.archives)
        voice.step("read")
        waiting = _read_archives(plan, order, found, so_far, began)
    except Failure as failure:
        if not so_far.is_damage:
            raise
        return _damaged(plan, so_far, f" ({failure.message})")
    if so_far.is_damage:
        return _damaged(plan, so_far)
    return _good(plan, found, so_far, waiting)


def _check_files(plan: RunPlan, order: PlannedCheck, so_far: _Found) -> str:
    seconds = order.budget if order.repository == "part" else 0
    finished = repository.run_borg(plan, verbs.check_files(plan, seconds=seconds), limit=plan.timeout)
    if exits.is_warning(finished.code) or repository.is_damage(finished.code, finished.stderr):
        so_far.said.append(repository.why(finished.stderr))
        return "damaged"
    if finished.code != 0:
        raise repository.borg_failure(plan, finished.code, finished.stderr)
    return "part" if seconds and verbs.is_unfinished(_CONFIG.read_text("utf-8")) else "whole"


def _read_archives(plan: RunPlan, order: PlannedCheck, found: Found, so_far: _Found, began: float) -> int:
    """Read the archives while there is time, one at least; return how many are left for another night."""
    there = {archive.name: archive for archive in found.archives}
    waiting = [there[name] for name in order.archives if name in there]
    while waiting:
        spent = time.monotonic() - began
        if order.budget and so_far.verified and spent >= order.budget:
            break
        archive = waiting.pop(0)
        finished = repository.run_borg(plan, verbs.read_whole(plan, archive.name), limit=max(plan.timeout - spent, 1))
        if finished.code == 0:
            so_far.verified.append(archive)
        elif exits.is_warning(finished.code) or repository.is_damage(finished.code, finished.stderr):
            so_far.damaged.append(archive)
            so_far.said.append(repository.why(finished.stderr))
        else:
            raise repository.borg_failure(plan, finished.code, finished.stderr)
    return len(waiting)


def _damaged(plan: RunPlan, so_far: _Found, beside: str = "") -> Result:
    parts = ["files of the repository"] if so_far.repository == "damaged" else []
    if so_far.damaged:
        names = ", ".join(archive.name for archive in so_far.damaged[:_NAMED])
        more = f" and {len(so_far.damaged) - _NAMED} more" if len(so_far.damaged) > _NAMED else ""
        parts.append(f"{names}{more}")
    return Result(
        outcome=Outcome.FAILED,
        reason=Reason.INTEGRITY,
        message=f"Damaged in the repository of {plan.client}: {'; '.join(parts)} "
        f"(Borg says: {so_far.said[0]}){beside}. {_WHAT_TO_DO}",
        check=so_far.findings(),
    )


def _good(plan: RunPlan, found: Found, so_far: _Found, waiting: int) -> Result:
    told = {"whole": "all files of the repository are whole", "part": "the files of the repository are whole so far"}
    parts = [told[so_far.repository]] if so_far.repository else []
    if so_far.verified:
        count = len(so_far.verified)
        parts.append(f"every piece of {count} {'archive' if count == 1 else 'archives'} was read and is right")
    if waiting:
        parts.append(f"{waiting} more are read another night")
    message = "; ".join(parts) or "nothing was due to be read"
    stats = repository.stats(found, repository.totals(plan), len(found.archives))
    return Result(
        outcome=Outcome.SUCCESS,
        message=f"{message[:1].upper()}{message[1:]}.",
        # Whatever was read, what a client may have deleted since its last good run can still be rolled back.
        repository=replace(stats, transaction=None, segments=None),
        archives=found.archives,
        check=so_far.findings(),
    )
