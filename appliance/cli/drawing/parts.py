"""A plot of wholes and their parts: a bar for each, as long as every other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from appliance.cli.drawing.markup import Markup, element, together
from appliance.cli.drawing.plots import HEIGHT, WIDTH, legend

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LEAST_ROWS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One whole: its name, what is said of it, and the size of each part, 0 to 1."""

    name: str
    words: str
    parts: Sequence[float]


def parts_of_wholes(title: str, kinds: Sequence[tuple[str, str]], rows: Sequence[Row]) -> Markup:
    """Draw the rows below each other; `kinds` are name and colour of the parts."""
    pitch = HEIGHT / max(_LEAST_ROWS, len(rows))
    bodies = [piece for number, row in enumerate(rows) for piece in _row(row, number * pitch, pitch, kinds)]
    drawing = element(
        "svg",
        element("title", title),
        *bodies,
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        role="img",
        aria_label="; ".join(f"{row.name}: {row.words}" for row in rows) or title,
    )
    return together((drawing, legend(kinds)))


def _row(row: Row, top: float, pitch: float, kinds: Sequence[tuple[str, str]]) -> Iterable[Markup]:
    yield element("text", row.name, class_="axis", x=0.0, y=top + 13)
    yield element("text", row.words, class_="axis end", x=WIDTH, y=top + 13)
    # Random data that does not compress makes a part a little less than nothing.
    edges = [min(1.0, edge) * WIDTH for edge in accumulate((max(0.0, part) for part in row.parts), initial=0.0)]
    for (name, kind), left, right in zip(kinds, edges, edges[1:], strict=False):
        hint = element("title", f"{row.name}, {name}: {(right - left) / WIDTH:.1%}")
        yield element(
            "rect", hint, class_=f"fill {kind}", x=left, y=top + 18, width=right - left, height=max(6.0, pitch - 28)
        )
