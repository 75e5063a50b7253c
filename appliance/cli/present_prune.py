"""What a prune would keep, as values, as JSON and on a calendar."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from appliance.cli.readable import count, iso, moment, safe_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, tzinfo

    from rich.console import RenderableType

_LETTERS = {
    "within": "n",
    "last": "l",
    "secondly": "s",
    "minutely": "i",
    "hourly": "h",
    "daily": "d",
    "weekly": "w",
    "monthly": "m",
    "yearly": "y",
    "protected": "P",
}
_GONE = "-"
_OTHER = "k"
_LEGEND = (
    "d daily, w weekly, m monthly, y yearly, h hourly, l last, n within, P protected; - would be deleted. "
    "Each archive stands under the first rule that keeps it."
)
_WIDTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One archive and what would become of it; `why` is the rule that keeps it and which of its places it takes."""

    name: str
    id: str
    started: datetime
    kept: bool
    why: str

    @property
    def letter(self) -> str:
        """How it stands on the calendar."""
        rule = self.why.partition(" ")[0].partition("[")[0]
        return _LETTERS.get(rule, _OTHER) if self.kept else _GONE

    def to_json(self) -> dict[str, Any]:
        """Give it to programs; `why` is null for what would be deleted."""
        return {
            "name": self.name,
            "id": self.id,
            "started": iso(self.started),
            "kept": self.kept,
            "why": self.why or None,
        }


def prune_page(judged: Sequence[Judged], refusals: Iterable[str], zone: tzinfo) -> RenderableType:
    """Lay out what speaks against a prune, a calendar of the months that have archives, and each archive's fate."""
    parts: list[RenderableType] = [Text(f"! {safe_lines(one)}", style="bold yellow") for one in refusals]
    if not judged:
        return Group(*parts, Text("There are no archives."))
    ordered = sorted(judged, key=lambda one: one.started)
    # Rules count days in UTC, as Borg runs; so does the calendar, or a day would seem to have two daily archives.
    for (year, month), some in groupby(ordered, key=lambda one: (one.started.year, one.started.month)):
        parts += [Text(f"{calendar.month_name[month]} {year} (UTC)", style="bold"), _month(year, month, list(some))]
    kept = sum(one.kept for one in ordered)
    parts += [Text(_LEGEND, style="dim"), _table(ordered, zone)]
    parts.append(Text(f"{count(kept, 'archive')} would be kept, {count(len(ordered) - kept, 'archive')} deleted."))
    return Group(*parts)


def _month(year: int, month: int, some: Sequence[Judged]) -> Text:
    letters: dict[int, str] = {}
    for one in some:
        letters[one.started.day] = letters.get(one.started.day, "") + one.letter
    width = max(_WIDTH, 3 + max(len(text) for text in letters.values()))
    lines = ["".join(f"{day:<{width}}" for day in calendar.day_abbr).rstrip()]
    for week in calendar.monthcalendar(year, month):
        cells = (f"{day:2} {letters.get(day, '')}" if day else "" for day in week)
        lines.append("".join(f"{cell:<{width}}" for cell in cells).rstrip())
    return Text("\n".join(lines))


def _table(ordered: Iterable[Judged], zone: tzinfo) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("ARCHIVE", "STARTED", "KEPT BY"):
        table.add_column(heading, no_wrap=True)
    for one in ordered:
        fate = Text(one.why, style="green") if one.kept else Text("nothing: would be deleted", style="yellow")
        table.add_row(safe_lines(one.name), moment(one.started, zone), fate)
    return table
