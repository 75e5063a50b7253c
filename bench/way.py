"""One way to get the tree into a repository, as the benchmark sees it."""

from __future__ import annotations

from typing import Protocol

from bench.sample_tree import SMALL_FILES

# Where the tree lies on the client machine, without the slash at the start.
SOURCE = "srv/bench"
FILES = SMALL_FILES + 1


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

    def forget(self, pair: str) -> None:
        """Free the room."""
