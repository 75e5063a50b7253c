"""Every version of the files that a pattern names, over all archives of a client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from appliance.borg import search
from appliance.plan.events import Result
from appliance.pull import repository
from appliance.pull.answers import lines_of
from appliance.pull.failure import Failure
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.voice import Voice

_Key = tuple[str, ...]
# What is found is kept until the last archive was looked at; so many take some hundred megabytes.
_MOST = 200_000
# What makes two of the same path the same version.
_VERSION = ("path", "type", "mode", "user", "group", "uid", "gid", "size", "isomtime", "source")


def find(plan: RunPlan, voice: Voice) -> Result:
    """Tell each version of what the pattern (the first argument) names, in the archives (the others, or all)."""
    pattern, *wanted = plan.arguments
    archives = [one.name for one in repository.look(plan).archives if not wanted or one.name in wanted]
    versions = Versions()
    for number, archive in enumerate(archives, start=1):
        voice.note(f"looking into {archive} ({number} of {len(archives)})")
        for line in lines_of(plan, search.list_files(plan, archive, (pattern,))):
            versions.add(archive, json.loads(line))
    voice.items(json.dumps(one) for one in versions.told())
    return Result(outcome=Outcome.SUCCESS)


class Versions:
    """What was found, folded: a file that did not change from one archive to the next is one version."""

    def __init__(self) -> None:
        """Nothing is found yet."""
        self._found: dict[_Key, dict[str, Any]] = {}

    def add(self, archive: str, entry: dict[str, Any]) -> None:
        """Take what one archive has; archives come oldest first. Raises Failure where there is too much."""
        key = tuple(str(entry.get(name)) for name in _VERSION)
        known = self._found.get(key)
        if known is None:
            if len(self._found) >= _MOST:
                raise Failure(
                    Reason.NOT_FOUND,
                    f"The pattern names more than {_MOST} versions of files; narrow it, or use --archive.",
                )
            self._found[key] = {**entry, "first": archive, "last": archive, "archives": 1}
        else:
            known["last"] = archive
            known["archives"] += 1

    def told(self) -> list[dict[str, Any]]:
        """Return the versions by path, the newest of each first."""
        newest_first = reversed(self._found.values())
        return sorted(newest_first, key=lambda one: str(one["path"]))
