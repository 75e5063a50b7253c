"""Dashboards in the form that Grafana reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from scripts.dashboards.panels import DATASOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scripts.dashboards.panels import Panel, Row

_SCHEMA = 39
_WIDTH = 24
_SELECTOR = re.compile(r"\b(borgpull_\w+)(?:\{([^}]*)\})?")
_TARGET = 'job=~"$job", instance=~"$instance"'
PROCESS = re.compile(r"\b(up|process_\w+)\b")


class Selection:
    """Narrows each query to what the variables at the top choose; `client` is the matcher for the client."""

    def __init__(self, known: Mapping[str, tuple[str, ...]], client: str) -> None:
        self._known = known
        self._client = client

    def narrow(self, expr: str) -> str:
        """Return the query with job, instance and client in each of its selectors."""
        narrowed = _SELECTOR.sub(self._narrowed, expr)
        return PROCESS.sub(rf"\1{{{_TARGET}}}", narrowed)

    def _narrowed(self, found: re.Match[str]) -> str:
        name, matchers = found.groups()
        client = (self._client,) if "client" in self._known.get(name, ()) else ()
        return f"{name}{{{', '.join((_TARGET, *client, *((matchers,) if matchers else ())))}}}"


def dashboard(
    *, uid: str, title: str, description: str, rows: tuple[Row, ...], selection: Selection, variables: list[Any]
) -> dict[str, Any]:
    """Return a whole dashboard."""
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["borgpull"],
        "schemaVersion": _SCHEMA,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-7d", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": [_annotation(*one, selection) for one in _ANNOTATIONS]},
        "templating": {"list": variables},
        "links": [
            {"title": "Borgpull", "type": "dashboards", "tags": ["borgpull"], "asDropdown": True, "keepTime": True}
        ],
        "panels": list(_placed(rows, selection)),
    }


def several_of(name: str, label: str, query: str) -> dict[str, Any]:
    """Return a variable that stands for some or all values of a label."""
    every = {"includeAll": True, "multi": True, "allValue": ".+", "current": {"text": "All", "value": "$__all"}}
    return one_of(name, label, query) | every


def one_of(name: str, label: str, query: str) -> dict[str, Any]:
    """Return a variable that stands for one value of a label."""
    return {
        "name": name, "label": label, "type": "query", "datasource": DATASOURCE, "refresh": 2, "sort": 1, "hide": 0,
        "definition": query, "query": {"query": query, "refId": name}, "includeAll": False, "multi": False,
    }  # fmt: skip


def source() -> dict[str, Any]:
    """Return the variable that chooses which Prometheus is asked."""
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "hide": 0}


_ANNOTATIONS = (
    ("Configuration loaded", "blue", "changes(borgpull_config_last_reload_success_timestamp_seconds[5m]) > 0", ""),
    (
        "Failed runs",
        "red",
        "sum by (client, operation, reason) (increase(borgpull_run_failures_total[5m])) > 0",
        "{{client}}: {{operation}} failed ({{reason}})",
    ),
)


def _annotation(name: str, colour: str, expr: str, text: str, selection: Selection) -> dict[str, Any]:
    return {
        "name": name, "enable": True, "hide": False, "iconColor": colour, "datasource": DATASOURCE,
        "expr": selection.narrow(expr), "step": "5m", "titleFormat": name, "textFormat": text or name,
    }  # fmt: skip


def _placed(rows: tuple[Row, ...], selection: Selection) -> Iterator[dict[str, Any]]:
    """Yield the panels with their places: from left to right, and below when a line is full."""
    number, y = 0, 0
    for row in rows:
        number += 1
        yield {
            "id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [],
            "gridPos": {"x": 0, "y": y, "w": _WIDTH, "h": 1},
        }  # fmt: skip
        x, y, tallest = 0, y + 1, 0
        for panel in row.panels:
            number += 1
            if x + panel.width > _WIDTH:
                x, y, tallest = 0, y + tallest, 0
            place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            yield {"id": number, "gridPos": place, **_drawn(panel, selection)}
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest


def _drawn(panel: Panel, selection: Selection) -> dict[str, Any]:
    drawn = {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "targets": [_target(panel, number, selection) for number in range(len(panel.queries))],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        "options": dict(panel.options),
    }
    return drawn | ({"transformations": _columns(panel)} if panel.kind == "table" else {})


def _target(panel: Panel, number: int, selection: Selection) -> dict[str, Any]:
    query = panel.queries[number]
    newest = panel.kind in ("stat", "gauge", "table", "bargauge", "piechart")
    return {
        "refId": _letter(number),
        "datasource": DATASOURCE,
        "expr": selection.narrow(query.expr),
        "legendFormat": query.legend or "__auto",
        "format": "table" if panel.kind == "table" else "time_series",
        "instant": newest,
        "range": not newest,
    }


def _letter(number: int) -> str:
    return chr(ord("A") + number)


def _defaults(panel: Panel) -> dict[str, Any]:
    limits = {"min": panel.minimum, "max": panel.maximum}
    steps = [{"value": start, "color": colour} for start, colour in panel.steps]
    named = {value: {"text": text, "color": colour} for value, (text, colour) in panel.names.items()}
    return {
        "unit": panel.unit,
        "color": {"mode": "palette-classic" if len(steps) == 1 and panel.kind in _BY_SERIES else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": steps},
        "mappings": [{"type": "value", "options": named}] if named else [],
        "custom": dict(panel.drawing),
        **{name: limit for name, limit in limits.items() if limit is not None},
    }


_BY_SERIES = ("timeseries", "piechart")


def _overrides(panel: Panel) -> list[dict[str, Any]]:
    return [
        {
            "matcher": {"id": "byName", "options": column},
            "properties": [{"id": name, "value": value} for name, value in drawn.items()],
        }
        for column, drawn in panel.columns.items()
    ]


def _columns(panel: Panel) -> list[dict[str, Any]]:
    headings = {f"Value #{_letter(number)}": query.column for number, query in enumerate(panel.queries)}
    hidden = dict.fromkeys(("Time", "job", "instance"), True)
    return [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": hidden, "renameByName": headings, "indexByName": {}}},
    ]
