"""One way to get the tree into a repository, as the benchmark sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from bench.sample_tree import SMALL_FILES

if TYPE_CHECKING:
    from collections.abc import Sequence

# Where the tree lies on the client machine, without the slash at the start.
SOURCE = "srv/bench"
FILES = SMALL_FILES + 1
# What each archive says of itself, oldest first; a look must not cost a lock.
LOOK = "borg --bypass-lock info --json --glob-archives '*'"


class NotTheSameWorkError(Exception):
    """A run ended well, but did other work than the ones it is compared with."""


class Way(Protocol):
    """Each pair of measurements has a repository of its own; only `first` and `unchanged` are timed."""

    name: str

    def prepare(self, pair: str) -> None:
        """Do what is done once for a client, long before its first archive."""

    def first(self, pair: str) -> None:
        """Make the repository and the first archive."""

    def unchanged(self, pair: str) -> None:
        """Make the next archive of the unchanged tree."""

    def borg_seconds(self, pair: str) -> Sequence[float]:
        """Ask how long Borg itself took for each archive, oldest first: without its start, the way and the commit."""

    def forget(self, pair: str) -> None:
        """Free the room."""


def durations(said: str) -> list[float]:
    """Read the answer of LOOK; its `start` and `end`, unlike this, are cut to whole seconds."""
    return [archive["duration"] for archive in json.loads(said)["archives"]]
