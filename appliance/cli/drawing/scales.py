"""Axes: where their lines are and what is written there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.cli.present_report import percent, span
from appliance.cli.readable import size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, tzinfo

_KIBI = 1024
_STEPS = 4
_SECONDS = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400)
_TWO_MINUTES = 120
_ROUND = (1, 2, 5, 10)
_DATES = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From values to the height of a plot, 0 at the bottom and 1 at the top; `ticks` are values with a line."""

    place: Callable[[float], float]
    ticks: tuple[float, ...]
    words: Callable[[float], str]


def bytes_scale(most: float) -> Scale:
    """From nothing to this many bytes, in round numbers of a binary unit."""
    unit = _KIBI ** max(0, math.floor(math.log(max(most, 1), _KIBI)))
    step = max(1, _round_up(max(most, 1) / unit / _STEPS) * unit)
    return _linear(most, step, lambda value: size(round(value)).replace(".0 ", " "))


def seconds_scale(most: float) -> Scale:
    """From nothing to this many seconds, in steps that a clock has."""
    wanted = max(most, 1) / _STEPS
    step = next((one for one in _SECONDS if one >= wanted), _round_up(wanted / 86400) * 86400)
    return _linear(most, step, lambda value: f"{value:.0f} s" if value < _TWO_MINUTES else span(value))


def count_scale(most: float) -> Scale:
    """From nothing to so many, in whole numbers."""
    return _linear(most, max(1, _round_up(max(most, 1) / _STEPS)), lambda value: f"{value:.0f}")


def part_scale(least: float) -> Scale:
    """From the power of ten below this part up to the whole, each power as high as the next: most changes are small."""
    lowest = max(-4, min(-1, math.floor(math.log10(least)))) if least > 0 else -4
    return Scale(
        place=lambda value: max(0.0, 1 - math.log10(max(value, 10.0**lowest)) / lowest),
        ticks=tuple(10.0**power for power in range(lowest, 1)),
        words=lambda value: percent(value).replace(".0 ", " ") if value >= 0.001 else f"{value:.2%}".replace("%", " %"),  # noqa: PLR2004 - below, a tenth of a percent says nothing
    )


def dates(starts: Sequence[datetime], zone: tzinfo) -> list[tuple[int, str]]:
    """Choose the days that are named below a plot: few, evenly, today among them."""
    step = max(1, math.ceil(len(starts) / _DATES))
    return [
        (number, f"{starts[number].astimezone(zone):%d %b}")
        for number in range((len(starts) - 1) % step, len(starts), step)
    ]


def _linear(most: float, step: float, words: Callable[[float], str]) -> Scale:
    lines = max(1, math.ceil(most / step))
    top = lines * step
    return Scale(place=lambda value: value / top, ticks=tuple(step * line for line in range(lines + 1)), words=words)


def _round_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next(one * power for one in _ROUND if one * power >= value * (1 - 1e-9))
