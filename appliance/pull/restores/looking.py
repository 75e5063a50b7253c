"""A look at the client by its own shell before anything is restored there: what would come, and what is in the way."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from appliance.borg import extract
from appliance.borg import repository as verbs
from appliance.borg.export import is_pattern
from appliance.pull import repository
from appliance.pull.answers import lines_of
from appliance.pull.restores import there
from appliance.pull.restores.members import safe_parts
from appliance.pull.restores.sending import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.control import Control
    from appliance.pull.restores.there import Ground
    from appliance.pull.voice import Voice
    from appliance.record import RestoreOrder

# Path, kind, size in bytes.
_Entry = tuple[str, str, int]


def stands_in_place(plan: RunPlan, order: RestoreOrder, control: Control, ground: Ground) -> Standing:
    """Look at every folder that the restore would go through or write; what is a link there is not gone through."""
    above = {str(folder) for path in paths_of(plan, order) for folder in PurePosixPath(path).parents} - {"."}
    found = list(there.standing(control, plan, ground, sorted(above)))
    return Standing(
        is_looked_at=True,
        folders=frozenset(path for path, kind in found if kind == "folder"),
        links=frozenset(path for path, kind in found if kind == "link"),
    )


def tell(plan: RunPlan, order: RestoreOrder, control: Control, ground: Ground, voice: Voice) -> None:
    """Tell every member that would come and what stands in its place, then the totals. Changes nothing."""
    looks = order.in_place or order.resume
    entries: Iterable[_Entry] = tuple(_entries(plan, order)) if looks else _entries(plan, order)
    found = dict(there.standing(control, plan, ground, (path for path, _, _ in entries))) if looks else {}
    members = count = total = 0

    def told() -> Iterator[str]:
        nonlocal members, count, total
        for path, kind, size in entries:
            # A folder that is there stays, and only gets its owner, mode and time.
            exists = path in found and not (kind == "d" and found[path] == "folder")
            members, count, total = members + 1, count + exists, total + size
            yield json.dumps({"path": path, "exists": exists, "kind": kind})

    voice.items(told())
    voice.data({"members": members, "exist": count, "size": total})


def _entries(plan: RunPlan, order: RestoreOrder) -> Iterator[_Entry]:
    for line in lines_of(plan, verbs.list_files(plan, order.archive, order.paths)):
        entry = json.loads(line)
        if safe_parts(entry["path"]):
            yield entry["path"], entry["type"], int(entry.get("size") or 0)


def paths_of(plan: RunPlan, order: RestoreOrder) -> set[str]:
    """Every path of what is restored, and of the folders on the way, each with something below so that it counts."""
    listed = repository.borg(plan, extract.list_kinds(plan, order.archive, order.paths)).stdout.splitlines()
    entries = [json.loads(line) for line in listed]
    found = {f"{entry['path']}/." if entry["type"] == "d" else entry["path"] for entry in entries}
    wanted = {path.removeprefix("pp:").strip("/") for path in order.paths if not is_pattern(path) or path[:3] == "pp:"}
    return {path for path in found | wanted if safe_parts(path)}
