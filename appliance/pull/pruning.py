"""One prune run: look, ask Borg what its rules would delete, delete exactly that, look again, compact (S6, S7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from appliance.borg import prune as verbs
from appliance.plan import retention
from appliance.plan.events import Result
from appliance.pull import bounds, ledger, repository
from appliance.pull.failure import Failure, insist
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from appliance.plan.events import ListedArchive
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.voice import Voice


def prune(plan: RunPlan, voice: Voice) -> Result:
    """Delete the archives that the rules do not keep, and what dead runs left; raises Failure."""
    voice.step("look")
    insist(retention.rules_gate(plan))
    repository.break_dead_locks(plan, voice)
    found = repository.look(plan)
    ledger.insist_complete(plan, found.archives)
    insist(retention.stranger_gate(plan, found.archives))
    insist(retention.ahead_gate(plan, found.archives, datetime.now(UTC)))
    bounds.lift(plan)
    repository.forget(plan, found.temporary, voice)
    if plan.compact == "before":
        _compact(plan, voice)
    elif plan.compact == "later":
        # Nothing of it is freed now, and nobody looks again for as long as `compact_after` says.
        _insist_on_contents(plan)
    doomed = verbs.read_doomed(repository.borg(plan, verbs.would_prune(plan)).stderr)
    leaving = tuple(one for one in found.archives if one.id in doomed and not retention.is_protected(plan, one.name))
    staying = tuple(one for one in found.archives if one not in leaving)
    insist(retention.remainder_gate(plan, leaving, staying))
    voice.step("prune")
    ledger.announce(plan, found.archives, leaving)
    if leaving:
        repository.borg(plan, verbs.delete(plan, tuple(archive.name for archive in leaving)))
    left = repository.look(plan).archives
    _insist_on_promise(plan, staying, left)
    if plan.compact == "after":
        _compact(plan, voice)
    return Result(
        outcome=Outcome.SUCCESS,
        message=_told(plan, len(leaving), len(staying), len(found.temporary)),
        repository=repository.stats(found, repository.totals(plan), len(left)),
        archives=left,
        gone=tuple(known.id for known in plan.known if known.id not in {archive.id for archive in left}),
    )


def simulate(plan: RunPlan, voice: Voice) -> Result:
    """Say of each archive whether a prune now would keep it, and why; nothing is deleted."""
    insist(retention.rules_gate(plan))
    found = repository.look(plan)
    said = repository.borg(plan, verbs.would_prune(plan)).stderr
    doomed, kept = verbs.read_doomed(said), verbs.read_kept(said)
    leaving: list[ListedArchive] = []
    staying: list[ListedArchive] = []
    for one in found.archives:
        is_kept = one.id not in doomed or retention.is_protected(plan, one.name)
        why = kept.get(one.id, "protected" if one.id in doomed else "no rule is about it") if is_kept else ""
        (staying if is_kept else leaving).append(one)
        voice.data({"name": one.name, "id": one.id, "started": one.started.isoformat(), "kept": is_kept, "why": why})
    gates = (
        retention.stranger_gate(plan, found.archives),
        retention.ahead_gate(plan, found.archives, datetime.now(UTC)),
        retention.remainder_gate(plan, leaving, staying),
    )
    for refusal in gates:
        if refusal is not None:
            voice.data({"refusal": refusal.sentence})
    return Result(outcome=Outcome.SUCCESS)


def _compact(plan: RunPlan, voice: Voice) -> None:
    _insist_on_contents(plan)
    voice.step("compact")
    repository.borg(plan, verbs.compact(plan))


def _insist_on_promise(plan: RunPlan, staying: tuple[ListedArchive, ...], left: tuple[ListedArchive, ...]) -> None:
    """What remains is exactly what was promised; until the compact all of it can be taken back."""
    promised, found = ({(archive.name, archive.id) for archive in archives} for archives in (staying, left))
    if promised == found:
        return
    named = ", ".join(sorted(name for name, _ in promised ^ found))
    raise Failure(
        Reason.TAMPERING,
        f"After deleting what `keep` does not keep, the repository of {plan.client} is not as it was promised to be "
        f"({named}); nothing was compacted, so `borgpull repair {plan.client}` can bring back what is missing.",
    )


def _insist_on_contents(plan: RunPlan) -> None:
    """Where the client itself writes, the list proves too little: it may have deleted what its archives consist of."""
    if not plan.may_hold_the_clients_own:
        return
    checked = repository.run_borg(plan, verbs.check_archives(plan))
    if checked.code != 0:
        raise Failure(
            Reason.TAMPERING,
            f"Archives of {plan.client} refer to data that is not in its repository any more "
            f"(Borg says: {repository.why(checked.stderr)}); nothing was compacted, and "
            f"`borgpull repair {plan.client}` shows how far it can be rolled back.",
        )


def _told(plan: RunPlan, pruned: int, kept: int, temporary: int) -> str:
    leftovers = f", and {temporary} unfinished of runs that are gone" if temporary else ""
    room = {
        "after": "the room is freed",
        "before": "the room of what went before is freed, and that of these by the next prune after `compact_after`",
        "later": "their room is freed by the next prune after `compact_after`",
    }[plan.compact]
    return f"{_archives(pruned)} deleted{leftovers}; {_archives(kept)} kept, {room}."


def _archives(count: int) -> str:
    return "1 archive" if count == 1 else f"{count} archives"
