"""Plots over days as SVG: bars on top of each other, and lines."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from appliance.cli.drawing.markup import Markup, element, number, together
from appliance.cli.drawing.scales import Scale, dates

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, tzinfo

WIDTH, HEIGHT = 560.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 66.0, 16.0, 8.0, 24.0
# With more days than this, dots of lines would hide the lines.
_DOTTED_DAYS = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One thing over the days: a value a day, None where there is none. `kind` chooses its colour in the style."""

    name: str
    kind: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """The days of a plot and the scale of its values."""

    starts: Sequence[datetime]
    zone: tzinfo
    scale: Scale

    def left(self, day: float) -> float:
        """Where the day begins; 1.5 is the middle of day 1."""
        return LEFT + day * self.day_width

    @property
    def day_width(self) -> float:
        """How wide a day is."""
        return (WIDTH - LEFT - RIGHT) / len(self.starts)

    def height(self, value: float) -> float:
        """Where the value is, from the top."""
        return TOP + (1 - min(1.0, self.scale.place(value))) * (HEIGHT - TOP - BOTTOM)


def stacked(title: str, axes: Axes, series: Sequence[Series], *, gap: float) -> Markup:
    """Draw the series of each day on top of each other; `gap` is the part of a day between its bar and the next."""
    levels = [
        tuple(accumulate((one.values[day] or 0.0 for one in series), initial=0.0)) for day in range(len(axes.starts))
    ]
    bodies = []
    for index, one in enumerate(series):
        # From edge to edge, and not by widths, whose rounding would leave gaps between neighbours.
        path = "".join(
            f"M{number(axes.left(day + gap / 2))} {number(axes.height(low))}H{number(axes.left(day + 1 - gap / 2))}"
            f"V{number(axes.height(high))}H{number(axes.left(day + gap / 2))}z"
            for day, (low, high) in enumerate((level[index], level[index + 1]) for level in levels)
            if high > low
        )
        bodies.append(element("path", class_=f"fill {one.kind}", d=path or "M0 0"))
    return _plot(title, axes, series, bodies)


def lines(title: str, axes: Axes, series: Sequence[Series]) -> Markup:
    """Draw a line for each series; it goes on over days without a value, and one value alone is a dot."""
    bodies: list[Markup] = []
    for one in series:
        points = [
            (axes.left(day + 0.5), axes.height(value)) for day, value in enumerate(one.values) if value is not None
        ]
        path = "L".join(f"{number(x)} {number(y)}" for x, y in points)
        bodies.append(element("path", class_=f"line {one.kind}", d=f"M{path}" if points else "M0 0"))
        if len(axes.starts) <= _DOTTED_DAYS or len(points) == 1:
            bodies.extend(element("circle", class_=f"fill {one.kind}", cx=x, cy=y, r=2.2) for x, y in points)
    return _plot(title, axes, series, bodies)


def _plot(title: str, axes: Axes, series: Sequence[Series], bodies: Iterable[Markup]) -> Markup:
    drawing = element(
        "svg",
        element("title", title),
        *_grid(axes),
        *bodies,
        *_hints(axes, series),
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        role="img",
        aria_label=title,
    )
    return together((drawing, legend((one.name, one.kind) for one in series)))


def _grid(axes: Axes) -> Iterable[Markup]:
    for tick in axes.scale.ticks:
        height = axes.height(tick)
        yield element("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=height, y2=height)
        yield element("text", axes.scale.words(tick), class_="axis end", x=LEFT - 6, y=height + 4)
    for day, date in dates(axes.starts, axes.zone):
        middle = axes.left(day + 0.5)
        yield element("text", date, class_="axis middle", x=middle, y=HEIGHT - 6)


def _hints(axes: Axes, series: Sequence[Series]) -> Iterable[Markup]:
    """Lay a clear pane over each day that says its numbers to a pointer that rests there."""
    for day, start in enumerate(axes.starts):
        told = [f"{one.name}: {axes.scale.words(value)}" for one in series if (value := one.values[day])]
        if told:
            words = "\n".join((f"{start.astimezone(axes.zone):%Y-%m-%d}", *told))
            yield element(
                "rect", element("title", words), class_="pane",
                x=axes.left(day), y=TOP, width=axes.day_width, height=HEIGHT - TOP - BOTTOM,
            )  # fmt: skip


def legend(kinds: Iterable[tuple[str, str]]) -> Markup:
    """Say which colour is what."""
    keys = (element("li", element("i", class_=f"key {kind}"), name) for name, kind in kinds)
    return element("ul", *keys, class_="legend")
