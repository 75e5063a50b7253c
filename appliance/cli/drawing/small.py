"""Drawings as small as a word: the days of a client, a line of its sizes or durations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.cli.drawing.markup import Markup, element, number
from appliance.plan.days import DayState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.plan.days import Day

_HEIGHT = 18.0
_WIDTH = 150.0
_LINE_WIDTH = 70.0
# A failed day is short and a day without a run a mere dot: told apart without colours too.
_PARTS = {DayState.GOOD: 1.0, DayState.WARNING: 0.66, DayState.FAILED: 0.33, DayState.NONE: 0.06}


def strip(days: Sequence[Day], total: int) -> Markup:
    """Draw each of `total` days as a bar of its state, today last; one path a state, however many days there are."""
    states = {day.number: day.state for day in days}
    step = _WIDTH / total
    width = step * (0.8 if step > 2 else 1)  # noqa: PLR2004 - narrower than two dots, a gap swallows the bar
    paths = dict.fromkeys(DayState, "")
    for day in range(total):
        state = states.get(day, DayState.NONE)
        height = _HEIGHT * _PARTS[state]
        paths[state] += f"M{number(day * step)} {number(_HEIGHT)}v-{number(height)}h{number(width)}v{number(height)}z"
    counted = [f"{sum(one is state for one in states.values())} {state}" for state in DayState if state != "none"]
    words = f"{total} days: {', '.join(counted)}, {total - sum(map(_had_any, states.values()))} without"
    drawn = (element("path", class_=f"fill {state}", d=path) for state, path in paths.items() if path)
    return _small(words, _WIDTH, *drawn)


def _had_any(state: DayState) -> bool:
    return state is not DayState.NONE


def spark(words: str, values: Sequence[float | None]) -> Markup:
    """Draw a line from nothing to the largest value, a value a day; `words` say what it is."""
    known = [(day, value) for day, value in enumerate(values) if value is not None]
    top = max((value for _, value in known), default=0) or 1
    step = _LINE_WIDTH / max(1, len(values) - 1)
    points = [(day * step, 1 + (1 - value / top) * (_HEIGHT - 2)) for day, value in known]
    if len(points) == 1:
        ((x, y),) = points
        return _small(words, _LINE_WIDTH, element("circle", class_="fill c0", cx=max(2.0, x - 2), cy=y, r=2.0))
    path = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return _small(words, _LINE_WIDTH, *([element("path", class_="line c0", d=f"M{path}")] if points else []))


def _small(words: str, width: float, *children: Markup) -> Markup:
    return element(
        "svg",
        element("title", words),
        *children,
        class_="small",
        viewBox=f"0 0 {width:.0f} {_HEIGHT:.0f}",
        width=width,
        height=_HEIGHT,
        role="img",
        aria_label=words,
        preserveAspectRatio="none",
    )
