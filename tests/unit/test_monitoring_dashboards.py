"""The dashboards: built from the code, complete, and asking only for what there is (the rules of dashboard-linter)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from appliance.edges.metrics import declared
from scripts.dashboards.__main__ import FOLDER
from scripts.dashboards.build import files
from tests.queries import unknown_words

_KNOWN = {family.full_name: family.label_names for family in declared()}
_COUNTERS = [family.full_name for family in declared() if family.type == "counter"]
_UNITS = {"short", "percentunit", "s", "bytes", "Bps", "dateTimeFromNow"}
_DASHBOARDS = {name: json.loads(text) for name, text in files().items()}


def _panels(name: str) -> list[dict[str, Any]]:
    return [panel for panel in _DASHBOARDS[name]["panels"] if panel["type"] != "row"]


def _exprs(name: str) -> list[str]:
    asked = [target["expr"] for panel in _panels(name) for target in panel["targets"]]
    return asked + [one["expr"] for one in _DASHBOARDS[name]["annotations"]["list"]]


every_dashboard = pytest.mark.parametrize("name", _DASHBOARDS)


def test_the_files_are_what_the_builder_makes() -> None:
    there = {file.name: file.read_text(encoding="utf-8") for file in Path(FOLDER).glob("*.json")}

    assert there == files(), "run `python -m scripts.dashboards`"


@every_dashboard
def test_every_panel_has_a_title_a_description_a_unit_and_asks_the_chosen_data_source(name: str) -> None:
    for panel in _panels(name):
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"] in _UNITS
        sources = {str(one["datasource"]) for one in (panel, *panel["targets"])}
        assert sources == {"{'type': 'prometheus', 'uid': '${datasource}'}"}
        assert panel["targets"] or panel["type"] == "alertlist"


@every_dashboard
def test_titles_and_numbers_are_told_apart(name: str) -> None:
    panels = _DASHBOARDS[name]["panels"]

    assert len({panel["title"] for panel in panels}) >= len(panels) - 1, "a row may be called like a panel"
    assert sorted(panel["id"] for panel in panels) == list(range(1, len(panels) + 1))
    assert all(
        len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) for panel in _panels(name)
    )


@every_dashboard
def test_no_panel_lies_on_another_or_leaves_the_page(name: str) -> None:
    covered: set[tuple[int, int]] = set()
    for panel in _DASHBOARDS[name]["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & covered, panel["title"]
        covered |= cells


@every_dashboard
def test_the_data_source_job_and_instance_can_be_chosen(name: str) -> None:
    variables = {one["name"]: one for one in _DASHBOARDS[name]["templating"]["list"]}

    assert list(variables) == ["datasource", "job", "instance", "client"]
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    assert variables["client"]["multi"] == (name == "overview.json")
    assert not _DASHBOARDS[name]["editable"]
    queries = [one["query"]["query"] for one in variables.values() if one["type"] == "query"]
    assert [word for query in queries for word in unknown_words(query, _KNOWN)] == []


@every_dashboard
def test_each_query_asks_only_for_metrics_and_labels_that_there_are(name: str) -> None:
    assert {expr: words for expr in _exprs(name) if (words := unknown_words(expr, _KNOWN))} == {}


@every_dashboard
def test_each_selector_is_narrowed_to_what_is_chosen(name: str) -> None:
    for expr in _exprs(name):
        selectors = re.findall(r"\b(borgpull_\w+|up|process_\w+)\{([^}]*)\}", expr)
        assert selectors
        for metric, matchers in selectors:
            assert 'job=~"$job", instance=~"$instance"' in matchers
            if "client" in _KNOWN.get(metric, ()):
                assert re.search(r'client=~?"\$client"', matchers)


@every_dashboard
def test_counters_are_only_asked_for_their_growth(name: str) -> None:
    for expr in _exprs(name):
        for counter in _COUNTERS:
            bare = re.sub(rf"(?:rate|increase|changes)\({counter}\{{[^}}]*\}}\[\S+?\]\)", "", expr)
            assert counter not in bare
        assert all(window == "$__rate_interval" for window in re.findall(r"\brate\([^[]*\[([^]]+)\]", expr))


def test_each_client_of_the_overview_leads_to_its_own_dashboard() -> None:
    (table,) = [panel for panel in _panels("overview.json") if panel["title"] == "Clients"]
    links = [
        one["value"][0]["url"]
        for override in table["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "links"
    ]

    assert len(links) == 1
    assert f"/d/{_DASHBOARDS['client.json']['uid']}?var-client=" in links[0]
