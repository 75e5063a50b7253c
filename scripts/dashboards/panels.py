"""Panels as values: what they ask, in which unit, and how they are drawn; nothing of Grafana's JSON shows outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREEN, AMBER, RED, BLUE, GREY = "green", "orange", "red", "blue", "text"


Steps = tuple[tuple[float | None, str], ...]
Names = Mapping[str, tuple[str, str]]
Columns = Mapping[str, Mapping[str, Any]]
PLAIN: Steps = ((None, GREEN),)
NAMELESS: Names = {}
NEWEST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query. `legend` is Grafana's template of the series' name; `column` is its heading in a table."""

    expr: str
    legend: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. `width` of 24 columns; `steps` are thresholds (from, colour), `names` what values are called.

    `options` and `drawing` are Grafana's own, for the kind of panel.
    """

    kind: str
    title: str
    description: str
    unit: str
    queries: tuple[Query, ...] = ()
    width: int = 6
    height: int = 4
    steps: Steps = PLAIN
    names: Names = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    drawing: Mapping[str, Any] = field(default_factory=dict)
    columns: Columns = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


def _queries(exprs: tuple[str, ...], legends: tuple[str, ...]) -> tuple[Query, ...]:
    """Pair queries with the names of their series; one name serves all."""
    called = legends if len(legends) == len(exprs) else legends * len(exprs)
    return tuple(Query(expr=expr, legend=name) for expr, name in zip(exprs, called, strict=True))


def stat(
    title: str,
    description: str,
    unit: str,
    *exprs: str,
    legends: tuple[str, ...] = ("",),
    width: int = 6,
    steps: Steps = PLAIN,
    names: Names = NAMELESS,
) -> Panel:
    """Return a panel that shows the newest value in large figures."""
    options = {"reduceOptions": NEWEST, "colorMode": "value", "graphMode": "none"}
    return Panel(
        kind="stat", title=title, description=description, unit=unit, queries=_queries(exprs, legends), width=width,
        steps=steps, names=names, options=options,
    )  # fmt: skip


def gauge(title: str, description: str, unit: str, expr: str, *, width: int = 6, steps: Steps = PLAIN) -> Panel:
    """Return a panel with a dial from 0 to 1."""
    return Panel(
        kind="gauge", title=title, description=description, unit=unit, queries=(Query(expr=expr),), width=width,
        steps=steps, options={"reduceOptions": NEWEST}, minimum=0, maximum=1,
    )  # fmt: skip


def graph(
    title: str, description: str, unit: str, *exprs: str, legends: tuple[str, ...] = ("{{client}}",), width: int = 12
) -> Panel:
    """Return a panel with lines over time."""
    options = {"legend": LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}
    return Panel(
        kind="timeseries", title=title, description=description, unit=unit, queries=_queries(exprs, legends),
        width=width, height=8, options=options, drawing={"fillOpacity": 10, "showPoints": "never"}, minimum=0,
    )  # fmt: skip


def bars(
    title: str, description: str, unit: str, *exprs: str, legends: tuple[str, ...] = ("{{client}}",), width: int = 12
) -> Panel:
    """Return a panel with stacked bars over time."""
    drawing = {"drawStyle": "bars", "fillOpacity": 80, "lineWidth": 0, "stacking": {"mode": "normal", "group": "A"}}
    return replace(graph(title, description, unit, *exprs, legends=legends, width=width), drawing=drawing)


def stacked(
    title: str, description: str, unit: str, *exprs: str, legends: tuple[str, ...] = ("{{client}}",), width: int = 12
) -> Panel:
    """Return a panel with areas over time that add up."""
    drawing = {"fillOpacity": 40, "showPoints": "never", "stacking": {"mode": "normal", "group": "A"}}
    return replace(graph(title, description, unit, *exprs, legends=legends, width=width), drawing=drawing)


def states(
    kind: str,
    title: str,
    description: str,
    *exprs: str,
    names: Names,
    legends: tuple[str, ...] = ("{{client}}",),
    width: int = 12,
) -> Panel:
    """Return a panel whose colours over time are states (state-timeline or status-history)."""
    return Panel(
        kind=kind, title=title, description=description, unit="short", queries=_queries(exprs, legends), width=width,
        height=8, names=names, options={"showValue": "never", "legend": LEGEND},
        drawing={"fillOpacity": 70, "lineWidth": 0},
    )  # fmt: skip


def table(title: str, description: str, *queries: Query, columns: Columns, height: int) -> Panel:
    """Return a table with a line for each client; `columns` has the unit and drawing of each column."""
    return Panel(
        kind="table", title=title, description=description, unit="short", queries=queries, width=24, height=height,
        options={"cellHeight": "sm", "showHeader": True}, columns=columns,
    )  # fmt: skip
