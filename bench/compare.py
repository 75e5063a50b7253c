"""Take the measurements: pair after pair, every other one in the opposite order, and what they say together."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.way import Way

STAGES = ("first", "unchanged")
# DESIGN §11: what the appliance may cost more than the same Borg run by hand.
OVERHEAD_LIMIT_SECONDS = 2.0
# What a method with Borg on the client may take, as a multiple of the same push by hand; its overhead comes on top.
WANTED_RATIO = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Some numbers in three: the middle one, the smallest and the largest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """Condense numbers, of which there is at least one."""
        return cls(median=median(numbers), low=min(numbers), high=max(numbers))


@dataclass(slots=True)
class Timings:
    """Seconds by stage and way, one number a pair: by the clock, and what Borg says that it took itself."""

    seconds: dict[str, dict[str, list[float]]] = field(default_factory=lambda: {stage: {} for stage in STAGES})
    borg_seconds: dict[str, dict[str, list[float]]] = field(default_factory=lambda: {stage: {} for stage in STAGES})

    def add(self, stage: str, way: str, seconds: float) -> None:
        """Keep one measurement."""
        self.seconds[stage].setdefault(way, []).append(seconds)

    def add_borg(self, way: str, found: Sequence[float]) -> None:
        """Keep what Borg says of the archives of one pair."""
        for stage, seconds in zip(STAGES, found, strict=True):
            self.borg_seconds[stage].setdefault(way, []).append(seconds)

    def borg(self, stage: str, way: str) -> Spread:
        """How long Borg itself took."""
        return Spread.of(self.borg_seconds[stage][way])

    def overhead(self, stage: str, way: str) -> Spread:
        """How long everything around Borg took, pair by pair."""
        pairs = zip(self.seconds[stage][way], self.borg_seconds[stage][way], strict=True)
        return Spread.of([whole - borg for whole, borg in pairs])

    def of(self, stage: str, way: str) -> Spread:
        """How long it took."""
        return Spread.of(self.seconds[stage][way])

    def ratio(self, stage: str, way: str, base: str) -> Spread:
        """How many times as long as the base, pair by pair."""
        return Spread.of([one / other for one, other in self._pairs(stage, way, base)])

    def difference(self, stage: str, way: str, base: str) -> Spread:
        """How many seconds more than the base, pair by pair."""
        return Spread.of([one - other for one, other in self._pairs(stage, way, base)])

    def _pairs(self, stage: str, way: str, base: str) -> list[tuple[float, float]]:
        return list(zip(self.seconds[stage][way], self.seconds[stage][base], strict=True))


def measure(ways: Sequence[Way], pairs: int, say: Callable[[str], None], prefix: str = "") -> Timings:
    """Measure every way once a stage and pair; what is compared stands as close in time as can be."""
    timings = Timings()
    for number in range(pairs):
        pair = f"{prefix}{pair_name(number)}"
        order = ways if number % 2 == 0 else tuple(reversed(ways))
        for way in order:
            way.prepare(pair)
        for stage in STAGES:
            for way in order:
                act = way.first if stage == "first" else way.unchanged
                began = time.monotonic()
                act(pair)
                took = time.monotonic() - began
                timings.add(stage, way.name, took)
                say(f"{pair} {stage:9} {way.name:14} {took:7.2f} s")
        for way in order:
            timings.add_borg(way.name, way.borg_seconds(pair))
            way.forget(pair)
    return timings


def pair_name(number: int) -> str:
    """Name the repositories of one pair."""
    return f"pair-{number + 1}"
