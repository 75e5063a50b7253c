"""Way `local`: onto this server, in a container that has neither network nor rights and sees no other client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from appliance.borg import repository as verbs
from appliance.pull.answers import lines_of
from appliance.pull.restores.local_folder import restore_into_folder
from appliance.pull.restores.local_stream import restore_as_stream
from appliance.pull.restores.restored import Restored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.contact import Contact
    from appliance.pull.ends import Ends
    from appliance.pull.voice import Voice
    from appliance.record import RestoreOrder


def restore_local(plan: RunPlan, contact: Contact, ends: Ends, voice: Voice) -> Restored:  # noqa: ARG001 - nobody is met
    """Restore into a folder or a stream, or only look; raises Failure."""
    order = plan.restore
    assert order is not None  # noqa: S101 - there is no restore without
    if order.preview:
        _tell(plan, order, voice)
        return Restored()
    voice.step("restore")
    return (restore_as_stream if order.stream else restore_into_folder)(plan, order, ends, voice)


def _tell(plan: RunPlan, order: RestoreOrder, voice: Voice) -> None:
    """Tell what would come; nothing is written over on this way, since its folder is new or empty."""
    members = size = 0

    def told() -> Iterator[str]:
        nonlocal members, size
        for line in lines_of(plan, verbs.list_files(plan, order.archive, order.paths)):
            entry = json.loads(line)
            members += 1
            size += int(entry.get("size") or 0)
            yield json.dumps({"path": entry["path"], "exists": False, "kind": entry["type"]})

    voice.items(told())
    voice.data({"members": members, "exist": 0, "size": size})
