"""A fidelity card as the unprivileged half makes it: plant, pull as any run would, uproot, restore, compare."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.borg.create import relative
from appliance.borg.dump import dump_archive, read_items
from appliance.plan import places
from appliance.plan.events import Result
from appliance.plan.fidelity import Card
from appliance.pull import repository
from appliance.pull import story as pulling
from appliance.pull.failure import Failure
from appliance.pull.fidelity.checks import Evidence
from appliance.pull.fidelity.judging import rows
from appliance.pull.fidelity.planting import planted
from appliance.pull.restores.local_folder import restore_into_folder
from appliance.record import Outcome, Reason, RestoreOrder, Way

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.ends import Ends
    from appliance.pull.fidelity.made import Planted
    from appliance.pull.voice import Voice


# What a client's own Borg archives is its own choice, and it is restored onto the disk of this server's state.
_LARGEST_BYTES = 100_000_000
_NOT_OURS = "{0} archived {1} bytes in place of the test tree; nothing of it was restored, and there is no card."


def take_card(plan: RunPlan, ends: Ends, voice: Voice) -> Result:
    """Tell the card as data; raises Failure where there is none.

    The repository that is mounted here is a new one, which is thrown away. So the pull is that of every night, gates
    and all, and whatever a method learns to carry shows by itself.
    """
    voice.step("plant")
    with planted(plan, ends, voice) as made:
        ends.control.beat()
        pulled = pulling.create(plan, ends, voice)
    if pulled.archive is None:
        raise Failure(Reason.INTERNAL, "The pull said that it went well, and named no archive.")
    if pulled.archive.original_size > _LARGEST_BYTES:
        raise Failure(Reason.MISMATCH, _NOT_OURS.format(plan.client, pulled.archive.original_size))
    voice.step("restore")
    evidence = _came_back(plan, pulled.archive.name, made, ends, voice)
    card = Card(
        client=plan.client,
        method=plan.method,
        names=plan.names,
        taken=datetime.fromisoformat(plan.time_in_name).replace(tzinfo=UTC),
        rows=rows(made, evidence),
        warnings=pulled.warnings,
    )
    voice.data({"card": card.to_json()})
    return Result(outcome=Outcome.SUCCESS, message=f"{card.summary}.")


def _came_back(plan: RunPlan, archive: str, made: Planted, ends: Ends, voice: Voice) -> Evidence:
    order = RestoreOrder(archive=archive, way=Way.LOCAL, target=str(places.TARGET))
    restored = restore_into_folder(replace(plan, restore=order), order, ends, voice)
    for warning in restored.warnings:
        voice.note(f"while it was restored: {warning}")
    below = relative(plan.paths[0])
    items = read_items(repository.borg(plan, dump_archive(plan, archive)).stdout)
    start = f"{below}/".encode()
    return Evidence(
        root=Path(places.TARGET) / below,
        items={path.removeprefix(start): item for path, item in items.items() if path.startswith(start)},
        values=made.values,
    )
