"""A source that is open for one archive, whatever the method: what the story of a run asks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from appliance.borg import output
from appliance.pull.source import Source, check_alive, check_paths

if TYPE_CHECKING:
    from appliance.pull.failure import Failure
    from appliance.pull.voice import Voice
    from appliance.pull.watch import Heard


class Reading(Protocol):
    """What Borg reads, wherever it runs. Every method raises Failure when the answer is no."""

    @property
    def filesystem(self) -> str:
        """What the source lies on; "" where nobody here can see it."""

    @property
    def note(self) -> str:
        """What the root half has to know of it to start Borg; "" where that is nothing."""

    @property
    def listed_by(self) -> str | None:
        """What listed the client's files, as in RunRecord; None where nothing was listed."""

    @property
    def lacking(self) -> str:
        """Say what the archive will lack although everything is read; "" where that is nothing."""

    def check_paths(self, paths: tuple[str, ...]) -> None:
        """Insist that every path is there and that one of them holds something."""

    def try_way(self) -> None:
        """Insist that Borg would reach the repository, without anything being asked of it."""

    def failure(self, heard: Heard) -> Failure | None:
        """Say why Borg failed where the method knows better than Borg's exit code."""

    def release(self) -> None:
        """End whatever but this container could still write to the repository."""

    def audit(self, voice: Voice) -> None:
        """Insist, after a run that failed, that nobody did worse than fail; raises the Failure that weighs more."""

    def created(self, heard: Heard) -> output.Created:
        """Insist that the source was there until the end, and return the archive as somebody trustworthy reports it.

        After it nothing but this container writes to the repository.
        """


@dataclass(frozen=True, slots=True)
class Mounted:
    """A source that is mounted in this container; Borg runs here, and its own report can be believed."""

    source: Source
    note: str = ""
    listed_by: str | None = None
    lacking: str = ""

    @property
    def filesystem(self) -> str:
        """The file system that is mounted."""
        return self.source.filesystem

    def check_paths(self, paths: tuple[str, ...]) -> None:
        """Look at the mount."""
        check_paths(self.source, paths)

    def try_way(self) -> None:
        """Borg and the repository are both here."""

    def failure(self, heard: Heard) -> Failure | None:  # noqa: ARG002 - Borg ran here: its code says it all
        """Nothing is between Borg and us."""
        return None

    def release(self) -> None:
        """Nothing else can: Borg ran here and has ended."""

    def audit(self, voice: Voice) -> None:
        """Nobody else could write."""

    def created(self, heard: Heard) -> output.Created:
        """Look at the mount again, then read what Borg printed."""
        check_alive(self.source)
        return output.read_created(heard.stdout.decode("utf-8", "replace"))
