"""The picture of `borgpull status --watch`: runs in progress, what comes next, and each client's last 30 days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from appliance.cli.present_report import LEGEND, day_strip, percent
from appliance.cli.present_run import STEP_WORDS
from appliance.cli.present_status import STATE_COLOURS
from appliance.cli.readable import age, ago, count, safe, safe_lines, size, until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from appliance.cli.client_states import ClientStatus
    from appliance.cli.pace import LiveRun
    from appliance.plan.days import Day

STRIP_DAYS = 30
_BAR_WIDTH = 12
_NEXT = 5
# What is wrong or moves is on the screen even where not all clients have room there.
_ORDER = ("running", "failing", "overdue", "unwatched", "never", "ok", "disabled")
# Lines beside the runs and the clients: three headings with a blank each, next runs, legend, and one to spare.
_OTHER_LINES = 8
_LEAST_CLIENTS = 3
_GAP = 2
_LEAST_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that is shown at one moment. `days` are the last 30 of each client by name, those without runs left out."""

    now: datetime
    headlines: tuple[str, ...]
    runs: tuple[LiveRun, ...]
    statuses: tuple[ClientStatus, ...]
    days: Mapping[str, Sequence[Day]]


def live_page(scene: Scene, width: int, height: int) -> RenderableType:
    """Lay it out for a terminal of that size."""
    parts: list[RenderableType] = [Text(f"! {safe_lines(line)}", style="bold yellow") for line in scene.headlines]
    if not scene.statuses:
        return Group(*parts, Text("No clients yet. `borgpull client add NAME --host HOST` makes the first one."))
    parts += [_runs(scene), Text(), _next_runs(scene), Text()]
    room = max(_LEAST_CLIENTS, height - _OTHER_LINES - len(scene.headlines) - max(1, len(scene.runs)))
    ordered = sorted(scene.statuses, key=lambda status: _ORDER.index(status.state))
    shown = ordered if len(ordered) <= room else ordered[: room - 1]
    parts.append(_clients(shown, scene, width))
    if more := len(ordered) - len(shown):
        parts.append(Text(f"… and {more} more: `borgpull status`", style="dim"))
    parts.append(Text(LEGEND, style="dim"))
    return Group(*parts)


def _runs(scene: Scene) -> RenderableType:
    if not scene.runs:
        return Text("Nothing runs.", style="dim")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("RUNNING", "", "", "READ", "RATE", "LEFT"):
        table.add_column(heading, no_wrap=True, justify="right" if heading in ("READ", "RATE", "LEFT") else "left")
    # The one column that gives way on a narrow terminal: it may wrap, and its text says that it does not.
    table.add_column("NOW")
    for run in scene.runs:
        table.add_row(
            run.record.client,
            _bar(run),
            percent(_part(run)),
            _read(run),
            "-" if run.rate is None else f"{size(round(run.rate))}/s",
            "-" if run.remaining is None else f"about {age(run.remaining)}",
            Text(f"{_step(run)} ({age(scene.now - run.record.started)})", no_wrap=True, overflow="ellipsis"),
        )
    return table


def _part(run: LiveRun) -> float | None:
    """Which part is read; never all of it before the run has ended, since the tree may have grown."""
    is_known = run.is_moving and run.expected is not None and run.done < run.expected
    return run.done / run.expected if is_known and run.expected else None


def _bar(run: LiveRun) -> ProgressBar:
    part = _part(run)
    return ProgressBar(total=None if part is None else 1.0, completed=part or 0, width=_BAR_WIDTH, pulse=part is None)


def _read(run: LiveRun) -> str:
    if _part(run) is None:
        return size(run.done) if run.done else "-"
    return f"{size(run.done)} of {size(run.expected)}"


def _step(run: LiveRun) -> str:
    if run.progress is None:
        return f"{run.record.operation}: starting"
    words = STEP_WORDS.get(run.progress.step, safe(run.progress.step))
    files = f", {count(run.progress.files, 'file')}" if run.is_moving else ""
    return f"{run.record.operation}: {words}{files}"


def _next_runs(scene: Scene) -> Text:
    coming = sorted((status.next_run, status.client) for status in scene.statuses if status.next_run is not None)
    if not coming:
        return Text("Next: nothing is planned.", style="dim")
    return Text(f"Next: {', '.join(f'{name} {until(when, scene.now)}' for when, name in coming[:_NEXT])}")


def _clients(statuses: Sequence[ClientStatus], scene: Scene, width: int) -> Table:
    rows = [(status, _cells(status, scene.now)) for status in statuses]
    headings = ("CLIENT", "STATE", "LAST GOOD", "NEXT RUN", "SIZE")
    # The strip gets what the others leave, so that on a narrow terminal it is the oldest days that are missing.
    others = sum(max(map(len, column)) + _GAP for column in zip(headings, *(cells for _, cells in rows), strict=True))
    days = max(_LEAST_DAYS, min(STRIP_DAYS, width - others))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (*headings[:2], f"{days} DAYS", *headings[2:]):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "SIZE" else "left")
    for status, (client, state, *more) in rows:
        strip = day_strip(scene.days.get(status.client, ()), STRIP_DAYS, days)
        table.add_row(client, Text(state, style=STATE_COLOURS[status.state]), strip, *more)
    return table


def _cells(status: ClientStatus, now: datetime) -> tuple[str, ...]:
    reason = f" ({status.last_reason})" if status.state == "failing" and status.last_reason else ""
    return (
        status.client,
        f"{status.state}{reason}",
        ago(status.last_success, now),
        until(status.next_run, now),
        size(status.repository_bytes),
    )
