"""What `borgpull repair` asks of the repository: what is gone, taking it back, or accepting it (S6)."""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.borg import prune as verbs
from appliance.borg import repository as repository_verbs
from appliance.plan import gates, places
from appliance.plan.events import Result
from appliance.pull import ledger, repository, segments
from appliance.pull.failure import Failure, insist
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import GoodPoint, RunPlan
    from appliance.pull.voice import Voice

_ROOT = Path(places.REPOSITORY)
_CACHE = Path(places.CACHE)


def inspect(plan: RunPlan, voice: Voice) -> Result:
    """Say which archives there are, and what a rollback to the plan's point would take away; nothing is changed.

    A repository that does not open is no reason to say nothing: that may be just what is to be repaired.
    """
    try:
        found = repository.look(plan)
    except Failure as failure:
        voice.data({"trouble": failure.message})
    else:
        for archive in found.archives:
            voice.data({"archive": archive.name, "id": archive.id, "started": archive.started.isoformat()})
        voice.data({"pruned": list(ledger.gone_by_our_prune(plan, found.archives))})
    if plan.point is not None:
        newer = segments.newer_than(plan.point)
        voice.data(
            {
                "newer": len(newer),
                "bytes": sum(segment.size for segment in newer),
                "first": newer[-1].written.isoformat() if newer else None,
                "last": newer[0].written.isoformat() if newer else None,
                "lost": segments.lost_since(plan.point),
            }
        )
    return Result(outcome=Outcome.SUCCESS)


def roll_back(plan: RunPlan, voice: Voice) -> Result:
    """Take everything back that was written after the last good run, and prove that the ledger is whole again."""
    voice.step("look")
    repository.break_dead_locks(plan, voice)
    repository.insist_unlocked()
    point = _point(plan)
    folder = _ROOT / f"rolled-back-{plan.run_id}"
    voice.step("repair")
    moved = len(segments.newer_than(point))
    segments.move_aside(point, folder)
    _forget_what_was_newest()
    place = places.repository_folder(plan.client) / folder.name
    try:
        _write_a_manifest(plan, voice)
        insist(gates.ledger_gate(plan, repository.look(plan).archives))
        repository.borg(plan, verbs.check_repository(plan))
    except Failure as failure:
        raise Failure(
            failure.reason, f"{failure.message} What was taken back is in {place}.", code=failure.code
        ) from failure
    found = repository.look(plan)
    return Result(
        outcome=Outcome.SUCCESS,
        message=f"Every archive of the ledger is there again ({len(plan.known)}). What was written after the last good "
        f"run ({moved} segments) lies in {place}; delete it when you need it no more.",
        repository=repository.stats(found, repository.totals(plan), len(found.archives)),
        archives=found.archives,
    )


def accept(plan: RunPlan, voice: Voice) -> Result:
    """Let what is missing leave the ledger: the operator says that it is gone on purpose."""
    voice.step("look")
    repository.break_dead_locks(plan, voice)
    found = repository.look(plan)
    missing = gates.missing(plan, found.archives)
    names = ", ".join(known.name for known in missing) or "none"
    return Result(
        outcome=Outcome.SUCCESS,
        message=f"Left the ledger by the operator's decision: {names}.",
        repository=repository.stats(found, repository.totals(plan), len(found.archives)),
        archives=found.archives,
        gone=tuple(known.id for known in missing),
    )


def purge(plan: RunPlan, voice: Voice) -> Result:
    """Delete the archives that the ledger does not know: the operator has seen them and does not want them."""
    voice.step("look")
    repository.break_dead_locks(plan, voice)
    found = repository.look(plan)
    ledger.insist_complete(plan, found.archives)
    known = {archive.id for archive in plan.known}
    strangers = tuple(archive.name for archive in found.archives if archive.id not in known)
    if strangers:
        repository.borg(plan, verbs.delete(plan, strangers))
    left = repository.look(plan).archives
    ledger.insist_complete(plan, left)
    return Result(
        outcome=Outcome.SUCCESS,
        message=f"Deleted by the operator's decision: {', '.join(strangers) or 'none'}. The next prune frees the room.",
        repository=repository.stats(found, repository.totals(plan), len(left)),
        archives=left,
    )


def _point(plan: RunPlan) -> GoodPoint:
    if plan.point is None:
        raise Failure(
            Reason.TAMPERING,
            f"No good run of {plan.client} has noted how its repository stood, so there is no state to roll back to.",
        )
    lost = segments.lost_since(plan.point)
    if lost:
        raise Failure(
            Reason.TAMPERING,
            f"{lost} of the {plan.point.segments} segments of the last good run are gone: the repository of "
            f"{plan.client} was compacted since, and that cannot be taken back. Bring a copy of it back, or accept.",
        )
    return plan.point


def _forget_what_was_newest() -> None:
    """Let our Borg accept an older repository: it remembers the newest manifest it saw, against replayed copies."""
    for file in _CACHE.glob(".config/borg/security/*/manifest-timestamp"):
        file.unlink()
    for file in _CACHE.glob(".cache/borg/*/config"):
        config = configparser.ConfigParser(interpolation=None)
        config.read(file, "utf-8")
        config.remove_option("cache", "timestamp")
        fresh = file.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as stream:
            config.write(stream)
        fresh.replace(file)


def _write_a_manifest(plan: RunPlan, voice: Voice) -> None:
    """Make the repository newer than whatever any Borg has seen of it, so that the client's does not refuse it either.

    An empty archive that comes and goes: of all that writes a manifest, it alone leaves every archive its id.
    """
    repository.borg(plan, repository_verbs.create_empty(plan))
    repository.forget(plan, (plan.temporary_archive_name,), voice)
