"""Write a registry in Prometheus's text format, faster than the library: a scrape must not stop the scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.edges.metrics.families import Family, braced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import CollectorRegistry, Metric


def text_format(registry: CollectorRegistry) -> bytes:
    """Collect and write everything; exemplars and timestamps, of which there are none, are left out."""
    lines: list[str] = []
    for metric in registry.collect():
        lines += [*metric.head, *metric.lines] if isinstance(metric, Family) else _lines(metric)
    return ("\n".join(lines) + "\n").encode()


def _lines(metric: Metric) -> Iterator[str]:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    documentation = metric.documentation.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {name} {documentation}"
    yield f"# TYPE {name} {'gauge' if metric.type == 'info' else metric.type}"
    for sample in metric.samples:
        yield f"{sample.name}{braced(sample.labels)} {float(sample.value)}"
