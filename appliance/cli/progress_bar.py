"""The live picture of runs on a terminal, and its plain form where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from appliance.cli.present_run import MOVING, progress_words
from appliance.cli.readable import safe
from appliance.cli.watching import Ended, Refused, Underway, Waiting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from appliance.cli.watching import Sight

_PATH_WIDTH = 50


class Bars:
    """One bar a client; the estimate is the size of its last archive, so a first run has no end in sight."""

    def __init__(self, console: Console, expected: Mapping[str, int]) -> None:
        self._expected = expected
        self._tasks: dict[str, TaskID] = {}
        self.live = Progress(
            TextColumn("{task.fields[client]}", style="bold", markup=False),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
        )

    def show(self, sights: Sequence[Sight]) -> None:
        """Move the bars."""
        for sight in sights:
            expected = self._expected.get(sight.client) or None
            if sight.client not in self._tasks:
                self._tasks[sight.client] = self.live.add_task("", total=expected, client=sight.client)
            task = self._tasks[sight.client]
            if isinstance(sight, Underway) and sight.progress is not None:
                # Never quite full before the run has ended: the tree may have grown since the last archive.
                done = sight.progress.original_size
                known = sight.progress.total_size or expected
                total = known if known is None or done < known else round(done * 1.01) + 1
                self.live.update(task, completed=done, total=total, description=_words(sight))
            elif isinstance(sight, Ended | Refused):
                self.live.update(task, completed=1, total=1, description=_words(sight))
            else:
                self.live.update(task, description=_words(sight))


class Lines:
    """A line whenever a client's run takes another step; for pipes and log files."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[str, str] = {}

    def show(self, sights: Sequence[Sight]) -> None:
        """Say what is new."""
        for sight in sights:
            step = _step(sight)
            if step and self._said.get(sight.client) != step:
                self._said[sight.client] = step
                self._console.print(f"{sight.client}: {_words(sight)}")


class Silence:
    """For programs that only want the result."""

    def show(self, sights: Sequence[Sight]) -> None:
        """Show nothing."""


def _step(sight: Sight) -> str:
    match sight:
        case Waiting():
            return "waiting"
        case Underway(progress=progress):
            return progress.step if progress else "started"
        case Ended() | Refused():
            return ""


def _words(sight: Sight) -> str:
    match sight:
        case Waiting():
            return "waiting for the supervisor"
        case Underway(progress=None):
            return "starting"
        case Underway(progress=progress) if progress is not None:
            path = safe(progress.path) if progress.step in MOVING else ""
            shown = path if len(path) <= _PATH_WIDTH else f"…{path[1 - _PATH_WIDTH :]}"
            return f"{progress_words(progress)}  {shown}".rstrip()
        case Ended(record=record):
            return str(record.outcome)
        case _:
            return "refused"
