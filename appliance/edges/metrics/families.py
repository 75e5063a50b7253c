"""Metric families with the house's names, filled sample by sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

PREFIX = "borgpull_"
BY_CLIENT = ("client",)
BY_RUN = ("client", "operation")


class Families:
    """The families of one scrape, in the order in which they were first declared."""

    def __init__(self) -> None:
        self._families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        # Dozens of families have the same labels: one dict serves them all, here and in the writer.
        self._labels: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[str, str]] = {}

    def gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> None:
        """Declare a gauge; without a sample it is still described."""
        self._names[name] = labels
        self._families[name] = GaugeMetricFamily(PREFIX + name, text, labels=labels)

    def counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> None:
        """Declare a counter; its name ends with _total."""
        self._names[name] = labels
        self._families[name] = CounterMetricFamily(PREFIX + name, text, labels=labels)

    def add(self, name: str, value: float, *labels: str) -> None:
        """Add a sample to a declared family."""
        key = (self._names[name], labels)
        shared = self._labels.get(key)
        if shared is None:
            shared = self._labels[key] = dict(zip(*key, strict=True))
        self._families[name].samples.append(Sample(PREFIX + name, shared, value))

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._families.values())
