"""A look at a repository that somebody else's Borg made, before it is adopted: nothing is written, not even a lock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.borg import output
from appliance.borg import repository as verbs
from appliance.plan import places
from appliance.plan.events import Result
from appliance.pull import repository
from appliance.record import Outcome

if TYPE_CHECKING:
    from appliance.borg.command import Command
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.voice import Voice

# In memory: what Borg remembers of a repository at its first look is worth nothing for the next one.
_BASE = Path(places.SCRATCH / "borg")


def look(plan: RunPlan, voice: Voice) -> Result:
    """Tell the repository's id, how it is encrypted, how large it is, and its archives; raises Failure.

    What a run left unfinished is no archive that anybody should vouch for.
    """
    repository.insist_there(plan)
    _BASE.mkdir(mode=0o700, exist_ok=True)
    listed = output.read_listed(repository.borg(plan, _without_a_trace(verbs.list_archives(plan))).stdout)
    whole = [archive for archive in listed.archives if not repository.is_unfinished(plan, archive[0])]
    voice.data(
        {
            "repository_id": listed.repository_id,
            "encryption": listed.encryption,
            "disk_size": repository.disk_size(),
            "archives": len(whole),
        }
    )
    for name, id_, started in whole:
        voice.data({"name": name, "id": id_, "started": started.isoformat()})
    return Result(outcome=Outcome.SUCCESS)


def _without_a_trace(command: Command) -> Command:
    borg, *rest = command.argv
    base = str(_BASE)
    places_of_borg = {"BORG_BASE_DIR": base, "HOME": base, "TMPDIR": base}
    return replace(command, argv=(borg, "--bypass-lock", *rest), env={**command.env, **places_of_borg})
