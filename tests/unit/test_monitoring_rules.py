"""The alert rules: each can be told apart, is explained, is tested both ways, and asks only for what there is."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from appliance.edges.metrics import declared
from appliance.notice import AlarmKind
from appliance.record import Operation, Outcome, Reason
from scripts.dashboards.overview import ROWS
from tests.queries import unknown_words

_ROOT = Path(__file__).parents[2]
_RULES_FILE = _ROOT / "config/prometheus/borgpull.rules.yml"
_RUNBOOK = "docs/runbooks/alerts.md"
_PAGE = f"https://github.com/borgpull/borgpull/blob/main/{_RUNBOOK}"
# It fires always; quiet is only whoever has no Prometheus.
_NEVER_QUIET = {"BorgPullWatchdog"}
_OF_ANY_OPERATION = {"BorgPullRunFailing", "BorgPullRepositoryDamaged", "BorgPullRepositoryLocked"}
_OF_ENABLED = "and on (job, instance, client) borgpull_client_enabled == 1"
# What is wrong with what is stored, what goes on now, and what ends by itself; of damage, what a run said is silent.
_OF_DISABLED_TOO = {
    "BorgPullBackupChangeBurst",
    "BorgPullBackupSizeDropped",
    "BorgPullKeyNotExported",
    "BorgPullRepositoryDamaged",
    "BorgPullRunStuck",
}


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(_RULES_FILE.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _tests() -> dict[str, set[bool]]:
    """Say of each alert whether there are tests in which it fires (True) and in which it does not (False)."""
    found: dict[str, set[bool]] = defaultdict(set)
    for file in (_ROOT / "config/prometheus/tests").glob("*.yml"):
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
            for check in test["alert_rule_test"]:
                found[check["alertname"]].add(bool(check["exp_alerts"]))
    return found


every_rule = pytest.mark.parametrize("rule", _rules(), ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")


@every_rule
def test_each_alert_is_tested_firing_and_quiet(rule: dict[str, Any]) -> None:
    expected = {True} if rule["alert"] in _NEVER_QUIET else {True, False}

    assert _tests()[rule["alert"]] == expected


def test_no_test_is_of_an_alert_that_is_gone() -> None:
    assert _tests().keys() == {rule["alert"] for rule in _rules()}


@every_rule
def test_each_alert_leads_to_its_part_of_the_runbook(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["runbook_url"] == f"{_PAGE}#{rule['alert'].lower()}"
    assert f"\n## {rule['alert']}\n" in (_ROOT / _RUNBOOK).read_text(encoding="utf-8")


def test_the_runbook_has_no_part_for_an_alert_that_is_gone() -> None:
    parts = re.findall(r"^## (.+)$", (_ROOT / _RUNBOOK).read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(parts) == sorted({rule["alert"] for rule in _rules()})


@every_rule
def test_each_alert_has_a_severity_a_fixed_summary_and_a_sentence(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning", "info", "none"}
    assert "{{" not in rule["annotations"]["summary"]
    assert all(rule["annotations"][part].endswith((".", "?")) for part in ("summary", "description"))


@every_rule
def test_each_alert_asks_only_for_metrics_and_labels_that_there_are(rule: dict[str, Any]) -> None:
    assert unknown_words(rule["expr"], {family.full_name: family.label_names for family in declared()}) == []
    named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["description"]))
    assert named <= {"client", "operation", "reason", "channel"}


@every_rule
def test_each_alert_asks_only_for_reasons_operations_and_alarms_that_there_are(rule: dict[str, Any]) -> None:
    asked = re.findall(r'(?:reason|operation|status|alarm)(?:=|!=|=~|!~)"([\w|]+)"', rule["expr"])

    known = {one.value for kind in (Reason, Operation, Outcome, AlarmKind) for one in kind}
    assert {value for values in asked for value in values.split("|")} <= known


@every_rule
def test_what_no_schedule_repeats_fails_no_alert_for_ever(rule: dict[str, Any]) -> None:
    left_out = re.findall(r'operation!~"([\w|]+)"', rule["expr"])

    by_hand = {operation.value for operation in Operation if operation.by_hand or operation is Operation.PROBE}
    assert all(set(values.split("|")) == by_hand for values in left_out)
    assert bool(left_out) == (rule["alert"] in _OF_ANY_OPERATION)


@every_rule
def test_an_alert_of_a_client_is_silent_once_the_client_is_disabled(rule: dict[str, Any]) -> None:
    of_a_client = "$labels.client" in rule["annotations"]["description"]
    is_joined = rule["expr"].strip().endswith(_OF_ENABLED)

    assert is_joined == (of_a_client and rule["alert"] not in _OF_DISABLED_TOO)


@pytest.mark.parametrize(
    ("title", "alert"),
    [("Damaged repositories", "BorgPullRepositoryDamaged"), ("Tampering", "BorgPullTampering")],
)
def test_a_tile_of_the_dashboard_counts_what_its_alert_tells(title: str, alert: str) -> None:
    (expr,) = (rule["expr"] for rule in _rules() if rule["alert"] == alert)
    (panel,) = (panel for row in ROWS for panel in row.panels if panel.title == title)

    assert [query.expr for query in panel.queries] == [f"count({' '.join(expr.split())}) or vector(0)"]
