"""Short words in columns, one line a row: rich's own table takes a quarter of a second for a thousand lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

# A text of printable ASCII, or one with a style of rich.
Cell = str | tuple[str, str]
_GAP = 2
_HEADING = "bold"
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; what stands below it is moved to the right on demand, as numbers are."""

    heading: str
    right: bool = False


class Columns:
    """Draws itself on a console. Where the lines are too wide, what stands in the widest columns is cut."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        self._columns = columns
        self._rows: list[Sequence[Cell]] = [[(column.heading, _HEADING) for column in columns], *rows]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw line by line."""
        widths = _fitting(self._widths(), options.max_width)
        for row in self._rows:
            plain = ""
            for text, style in self._laid_out(row, widths):
                if style:
                    yield Segment(plain)
                    yield Segment(text, console.get_style(style))
                    plain = ""
                else:
                    plain += text
            yield Segment(f"{plain}\n")

    def _laid_out(self, row: Sequence[Cell], widths: Sequence[int]) -> Iterable[tuple[str, str]]:
        gap = ""
        for column, cell, width in zip(self._columns, row, widths, strict=True):
            text, style = (cell, "") if isinstance(cell, str) else cell
            if len(text) > width:
                text = text[: width - 1] + _CUT
            yield gap, ""
            yield (text.rjust(width) if column.right else text.ljust(width)), style
            gap = " " * _GAP

    def _widths(self) -> list[int]:
        return [max(_length(cell) for cell in column) for column in zip(*self._rows, strict=True)]


def _length(cell: Cell) -> int:
    return len(cell if isinstance(cell, str) else cell[0])


def _fitting(widths: list[int], room: int) -> list[int]:
    """Take from the widest columns until all fit, and leave each one character."""
    while sum(widths) + _GAP * (len(widths) - 1) > room and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    return widths
