"""Metric families with the house's names, written line by line as they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.samples import Sample

PREFIX = "borgpull_"
BY_CLIENT = ("client",)
BY_RUN = ("client", "operation")


class Family(Metric):
    """One family. Its lines are written at once: with 1,000 clients an object for each sample costs half a scrape."""

    def __init__(self, name: str, text: str, kind: str, labels: tuple[str, ...]) -> None:
        self.lines: list[str] = []
        super().__init__(PREFIX + name.removesuffix("_total"), text, kind)
        self.full_name = PREFIX + name
        self.label_names = labels

    @property
    def head(self) -> list[str]:
        """The two lines that describe it."""
        documentation = self.documentation.replace("\\", r"\\").replace("\n", r"\n")
        return [f"# HELP {self.full_name} {documentation}", f"# TYPE {self.full_name} {self.type}"]

    @property
    def samples(self) -> list[Sample]:
        """The samples as the library knows them, read back from the lines; none of ours is asked for so."""
        text = "\n".join([*self.head, *self.lines, ""])
        return [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    @samples.setter
    def samples(self, value: list[Sample]) -> None:
        # The library's constructor begins with an empty list; ours are the lines.
        if value:
            raise TypeError("a family of ours is told line by line")


class Families:
    """The families of one scrape, in the order in which they were first declared."""

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}

    def gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> None:
        """Declare a gauge; without a sample it is still described."""
        self._families[name] = Family(name, text, "gauge", labels)

    def counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> None:
        """Declare a counter; its name ends with _total."""
        self._families[name] = Family(name, text, "counter", labels)

    def add(self, name: str, value: float, *labels: str) -> None:
        """Add a sample to a declared family."""
        family = self._families[name]
        family.lines.append(f"{family.full_name}{braced(family.label_names, labels)} {float(value)}")

    def of(self, labels: tuple[str, ...], *values: str) -> Told:
        """Return the pen for the many samples that have, or begin with, these same labels."""
        return Told(self._families, braced(labels, values))

    def __iter__(self) -> Iterator[Family]:
        return iter(self._families.values())


class Told:
    """Adds samples with the same labels to one family after the other: their text is written once."""

    def __init__(self, families: Mapping[str, Family], labels: str) -> None:
        self._families = families
        self._labels = labels

    def add(self, name: str, value: float) -> None:
        """Add a sample to a family that has exactly these labels."""
        family = self._families[name]
        family.lines.append(f"{family.full_name}{self._labels} {float(value)}")

    def add_each(self, name: str, values: Mapping[str, float]) -> None:
        """Add samples to a family that has one label more, by their values of it; those are words of ours."""
        family = self._families[name]
        start = f'{family.full_name}{self._labels[:-1]},{family.label_names[-1]}="'
        family.lines += [f'{start}{word}"}} {float(value)}' for word, value in values.items()]


def braced(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    """Write labels as they stand behind a name."""
    if not names:
        return ""
    return "{" + ",".join([f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)]) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
