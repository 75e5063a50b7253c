"""Metric families with the house's names, written line by line as they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        # Dozens of families have the same labels: one text serves them all.
        self._written: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}

    def gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> None:
        """Declare a gauge; without a sample it is still described."""
        self._families[name] = Family(name, text, "gauge", labels)

    def counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> None:
        """Declare a counter; its name ends with _total."""
        self._families[name] = Family(name, text, "counter", labels)

    def add(self, name: str, value: float, *labels: str) -> None:
        """Add a sample to a declared family."""
        family = self._families[name]
        key = (family.label_names, labels)
        written = self._written.get(key)
        if written is None:
            written = self._written[key] = braced(dict(zip(*key, strict=True)))
        family.lines.append(f"{PREFIX}{name}{written} {float(value)}")

    def __iter__(self) -> Iterator[Family]:
        return iter(self._families.values())


def braced(labels: dict[str, str]) -> str:
    """Write labels as they stand behind a name."""
    if not labels:
        return ""
    return "{" + ",".join([f'{label}="{_escaped(value)}"' for label, value in labels.items()]) + "}"


def _escaped(value: str) -> str:
    if value.isalnum():
        return value
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
