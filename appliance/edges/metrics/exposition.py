"""Write a registry in Prometheus's text format, faster than the library: a scrape must not stop the scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.edges.metrics.families import Family, braced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import CollectorRegistry, Metric


def text_format(registry: CollectorRegistry) -> bytes:
    """Collect and write everything; exemplars and timestamps, of which there are none, are left out."""
    # Family by family, and each is let go of at once: with 1,000 clients the text alone is many megabytes.
    return b"".join([("\n".join(_lines(metric)) + "\n").encode() for metric in registry.collect()])


def _lines(metric: Metric) -> Iterable[str]:
    if not isinstance(metric, Family):
        return _lines_of_others(metric)
    lines, metric.lines = [*metric.head, *metric.lines], []
    return lines


def _lines_of_others(metric: Metric) -> Iterator[str]:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    documentation = metric.documentation.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {name} {documentation}"
    yield f"# TYPE {name} {'gauge' if metric.type == 'info' else metric.type}"
    for sample in metric.samples:
        yield f"{sample.name}{braced(tuple(sample.labels), tuple(sample.labels.values()))} {float(sample.value)}"
