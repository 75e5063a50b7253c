"""Write a registry in Prometheus's text format, twice as fast as the library: a scrape must not stop the scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import CollectorRegistry, Metric


def text_format(registry: CollectorRegistry) -> bytes:
    """Collect and write everything; exemplars and timestamps, of which there are none, are left out."""
    # Kept until the end, so that the identity of a dict of labels stands for its text.
    metrics = list(registry.collect())
    written: dict[int, str] = {}
    lines = [line for metric in metrics for line in _lines(metric, written)]
    return ("\n".join(lines) + "\n").encode()


def _lines(metric: Metric, written: dict[int, str]) -> Iterator[str]:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    documentation = metric.documentation.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {name} {documentation}"
    yield f"# TYPE {name} {'gauge' if metric.type == 'info' else metric.type}"
    for sample in metric.samples:
        labels = written.get(id(sample.labels))
        if labels is None:
            labels = written[id(sample.labels)] = _braced(sample.labels)
        yield f"{sample.name}{labels} {float(sample.value)}"


def _braced(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join([f'{label}="{_escaped(value)}"' for label, value in labels.items()]) + "}"


def _escaped(value: str) -> str:
    if value.isalnum():
        return value
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
