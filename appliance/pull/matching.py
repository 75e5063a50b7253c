"""The question whether paths and patterns name anything in an archive, and what is near to those that do not."""

from __future__ import annotations

import difflib
import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from appliance.borg.export import is_pattern
from appliance.borg.extract import list_paths
from appliance.pull import repository
from appliance.pull.answers import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.voice import Voice

from appliance.plan.events import Result
from appliance.record import Outcome

# Enough to find a slip of the hand among; a folder may hold millions.
_MOST_NEIGHBOURS = 20_000
_NAMED = 3
_LIKENESS = 0.6


def match(plan: RunPlan, voice: Voice) -> Result:
    """Tell of each path (all arguments but the first, which is the archive) whether it is there, and what is near."""
    archive, *wanted = plan.arguments
    repository.look(plan)
    for pattern in filter(is_pattern, wanted):
        found = next(_paths(plan, archive, (pattern,)), None) is not None
        voice.data({"path": pattern, "found": found})
    missing = Missing(path.strip("/") for path in wanted if not is_pattern(path))
    if missing.paths:
        # One pass for all; it ends as soon as the last one is found.
        for path in _paths(plan, archive, ()):
            if missing.without(path):
                break
    for path in (path.strip("/") for path in wanted if not is_pattern(path)):
        voice.data({"path": path, "found": path not in missing.paths, "near": list(missing.near(path))})
    return Result(outcome=Outcome.SUCCESS)


class Missing:
    """Paths that nothing was found at yet, and what stands near to them."""

    def __init__(self, paths: Iterator[str]) -> None:
        """Nothing is looked at yet."""
        self.paths = set(paths)
        self._above = {str(folder) for path in self.paths for folder in PurePosixPath(path).parents}
        self._names = {PurePosixPath(path).name for path in self.paths}
        self._seen: set[str] = set()
        self._siblings: dict[str, dict[str, None]] = {}
        self._namesakes: dict[str, list[str]] = {}

    def without(self, path: str) -> bool:
        """Look at one path of the archive; returns whether nothing is missing any more."""
        self.paths -= {wanted for wanted in self.paths if path == wanted or path.startswith(f"{wanted}/")}
        name = self._remember(path)
        if name in self._names:
            namesakes = self._namesakes.setdefault(name, [])
            if len(namesakes) < _NAMED:
                namesakes.append(path)
        return not self.paths

    def _remember(self, path: str) -> str:
        """Note a path beside its neighbours, and the folders above it, which may not be in the archive themselves."""
        folder, _, name = path.rpartition("/")
        if folder and folder not in self._seen:
            self._seen.add(folder)
            self._remember(folder)
        siblings = self._siblings.setdefault(folder or ".", {}) if (folder or ".") in self._above else {}
        if len(siblings) < _MOST_NEIGHBOURS:
            siblings[name] = None
        return name

    def near(self, path: str) -> tuple[str, ...]:
        """Return what may have been meant: the likest beside the first part that is not there, then namesakes."""
        if path not in self.paths:
            return ()
        wanted = PurePosixPath(path)
        steps = [*reversed(wanted.parents), wanted][1:]
        for step in steps:
            folder = str(step.parent)
            names = self._siblings.get(folder, {})
            if step.name not in names:
                likest = difflib.get_close_matches(step.name, names, n=_NAMED, cutoff=_LIKENESS)
                there = [str(PurePosixPath(folder, name)) for name in likest]
                return tuple(dict.fromkeys((*there, *self._namesakes.get(wanted.name, ()))))[:_NAMED]
        return ()


def _paths(plan: RunPlan, archive: str, paths: tuple[str, ...]) -> Iterator[str]:
    for line in lines_of(plan, list_paths(plan, archive, paths)):
        yield json.loads(line)["path"]
