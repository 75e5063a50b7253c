"""Files that `borg check --repair` has filled with zeros where their content was lost. `borg export-tar` names none.

Borg warns of them in `extract` alone (1.4: `archive.py`, "File has damaged (all-zero) chunks").
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.borg.extract import list_kinds
from appliance.pull.answers import lines_of
from appliance.pull.failure import Failure
from appliance.record import Way

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.ends import Ends
    from appliance.pull.restores.restored import Restored
    from appliance.record import RestoreOrder

_EXPORTED = (Way.CHROOT, Way.NUMERIC, Way.TAR)
_KEPT = 100
_FILLED = "{0}: zeros stand where its content was lost; `borg check --repair` put them there"


def name_filled(plan: RunPlan, order: RestoreOrder, restored: Restored, ends: Ends) -> Restored:
    """Return what was restored with a warning for each such file in it, where Borg itself gave none."""
    if order.preview or not (order.way in _EXPORTED or order.stream):
        return restored
    named: list[str] = []
    count = 0
    try:
        for line in lines_of(plan, list_kinds(plan, order.archive, order.paths)):
            ends.control.beat()
            entry = json.loads(line)
            if is_filled(entry):
                count += 1
                named += [_FILLED.format(entry["path"])] if count <= _KEPT else []
    except Failure as failure:
        count, named = count + 1, [*named, f"what a repair filled with zeros is not known: {failure.message}"]
    return replace(restored, warnings=(*restored.warnings, *named), warning_count=restored.warning_count + count)


def is_filled(entry: dict[str, object]) -> bool:
    """Whether that entry of an archive's list, a JSON object, has zeros in place of what it held."""
    return entry.get("healthy") is False
