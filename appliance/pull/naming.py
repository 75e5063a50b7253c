"""The new archive under its final name, as the repository lists it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.pull import repository
from appliance.pull.failure import Failure
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.plan.events import ListedArchive
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.repository import Found
    from appliance.pull.voice import Voice
    from appliance.record import ArchiveStats


def under_its_final_name(
    plan: RunPlan,
    made: ArchiveStats,
    voice: Voice,
    look: Callable[[RunPlan], Found] = repository.look,
    mend: Callable[[RunPlan, Voice], None] = repository.break_dead_locks,
) -> tuple[ArchiveStats, tuple[ListedArchive, ...]]:
    """Look the archive up again: a rename writes its metadata anew, and so gives it another id. Raises Failure.

    The archive stands and is good whatever happens here. But what nobody saw is not put into the ledger: the run has
    failed then, and the next good one finds the archive. Where the first Borg that looks is killed, what it left is
    mended and another one looks.
    """
    try:
        try:
            archives = look(plan).archives
        except Failure as failure:
            voice.note(f"the new archive could not be listed at once: {failure.message}", "warning")
            mend(plan, voice)
            archives = look(plan).archives
    except Failure as failure:
        sentence = f"{plan.archive_name} was made, but could not be listed afterwards: {failure.message}"
        raise Failure(failure.reason, sentence, code=failure.code) from failure
    named = next((entry for entry in archives if entry.name == plan.archive_name), None)
    if named is None:
        sentence = f"{plan.archive_name} was made, but is not in the repository; look at its disk, then run again."
        raise Failure(Reason.REPOSITORY, sentence)
    return replace(made, name=named.name, id=named.id, started=named.started), archives
