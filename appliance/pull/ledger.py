"""The repository against the ledger (S6), and what a prune of ours that was interrupted has to do with it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan import gates, places
from appliance.pull.failure import insist
from appliance.pull.segments import flush

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.plan.events import ListedArchive
    from appliance.plan.run_plan import RunPlan

# Beside Borg's cache, where no client reaches. It outlives the container: a prune that was killed between deleting and
# being recorded must not look like a client that deleted its archives.
_ABOUT_TO_GO = Path(places.CACHE / "pruning.json")


def insist_complete(plan: RunPlan, archives: Sequence[ListedArchive]) -> None:
    """Fail unless every archive of the ledger is there; raises Failure."""
    insist(gates.ledger_gate(plan, archives, _about_to_go()))


def gone_by_our_prune(plan: RunPlan, archives: Sequence[ListedArchive]) -> tuple[str, ...]:
    """Return the ids that the ledger still has of archives which an interrupted prune of ours deleted."""
    pruned = _about_to_go()
    return tuple(known.id for known in gates.missing(plan, archives) if known.id in pruned)


def announce(plan: RunPlan, there: Sequence[ListedArchive], doomed: Sequence[ListedArchive]) -> None:
    """Write down what is about to be deleted, on the disk before anything of it happens.

    What an earlier prune deleted, and was interrupted before anybody recorded it, stays written down.
    """
    earlier = set(gone_by_our_prune(plan, there))
    unrecorded = {known.id: known.name for known in plan.known if known.id in earlier}
    fresh = _ABOUT_TO_GO.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as stream:
        json.dump(unrecorded | {archive.id: archive.name for archive in doomed}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(_ABOUT_TO_GO)
    flush(_ABOUT_TO_GO.parent)


def _about_to_go() -> frozenset[str]:
    try:
        return frozenset(json.loads(_ABOUT_TO_GO.read_text("utf-8")))
    except (FileNotFoundError, ValueError):
        return frozenset()
