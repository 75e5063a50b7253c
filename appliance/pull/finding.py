"""Every version of the files that a pattern names, over all archives of a client."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from appliance.borg import search
from appliance.plan.events import Result
from appliance.pull import repository
from appliance.pull.answers import lines_of
from appliance.pull.failure import Failure
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.voice import Voice

# What is found is kept until the last archive was looked at; so many take a hundred megabytes.
_MOST = 200_000
# What makes two of the same path the same version, the path first; and all that is told of a file.
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
        # What a version is, as a JSON list in the order of _VERSION: a quarter of the memory of a dict each.
        self._found: dict[str, _Where] = {}

    def add(self, archive: str, entry: dict[str, Any]) -> None:
        """Take what one archive has; archives come oldest first. Raises Failure where there is too much."""
        version = json.dumps([entry.get(name) for name in _VERSION])
        known = self._found.get(version)
        if known is None:
            if len(self._found) >= _MOST:
                raise Failure(
                    Reason.NOT_FOUND,
                    f"The pattern names more than {_MOST} versions of files; narrow it, or use --archive.",
                )
            self._found[version] = _Where(first=archive, last=archive)
        else:
            known.last = archive
            known.archives += 1

    def told(self) -> Iterator[dict[str, Any]]:
        """Yield the versions by path, the newest of each first."""
        newest_first = reversed(self._found)
        for version in sorted(newest_first, key=_path):
            where = self._found[version]
            entry = dict(zip(_VERSION, json.loads(version), strict=True))
            yield {**entry, "first": where.first, "last": where.last, "archives": where.archives}


@dataclass(slots=True)
class _Where:
    """The oldest and the newest archive that has a version, and how many have it."""

    first: str
    last: str
    archives: int = 1


def _path(version: str) -> str:
    return str(json.loads(version)[0])
