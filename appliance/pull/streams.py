"""A stream: what a command on the client prints becomes the archive's only file. What can be wrong with it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from appliance.borg import repository as verbs
from appliance.pull import repository
from appliance.pull.failure import Failure
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.watch import Heard

# Borg 1.4 ends with code 4 for it and Borg 1.2 with 2, which stands for any error; the words are the same in both.
_STATUS = re.compile(r"exited with status (\d+)")


def stream_failure(plan: RunPlan, heard: Heard) -> Failure | None:
    """Return the failure of the stream's command, or None where it did not fail."""
    status = _STATUS.search(heard.last_error) if plan.stream_command and heard.code else None
    if status is None:
        return None
    said = f"; it said: {heard.said}" if heard.said else ""
    return Failure(
        Reason.HOOK,
        f"The command whose output is backed up ({plan.stream_name}) failed with exit code {status[1]}{said}. Nothing "
        "was kept of what it had printed.",
        code=heard.code,
    )


def insist_filled(plan: RunPlan) -> None:
    """Fail where the command printed nothing: a dump of nothing is no backup."""
    if not plan.stream_command:
        return
    listed = repository.run_borg(plan, verbs.list_files(plan, plan.temporary_archive_name, ()))
    if listed.code != 0:
        raise repository.borg_failure(plan, listed.code, listed.stderr)
    sizes = [json.loads(line).get("size", 0) for line in listed.stdout.splitlines()]
    if not any(sizes):
        raise Failure(
            Reason.SOURCE_EMPTY,
            f"The command whose output is backed up ({plan.stream_name}) printed nothing, though it ended well.",
        )
