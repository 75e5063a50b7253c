"""The alert rules: each can be told apart, is explained, is tested both ways, and asks only for what there is."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from appliance.edges.metrics import declared
from appliance.record import Operation, Outcome, Reason
from tests.queries import unknown_words

_ROOT = Path(__file__).parents[2]
_RULES_FILE = _ROOT / "config/prometheus/borgpull.rules.yml"
_RUNBOOK = "docs/runbooks/alerts.md"
_PAGE = f"https://github.com/borgpull/borgpull/blob/main/{_RUNBOOK}"
# It fires always; quiet is only whoever has no Prometheus.
_NEVER_QUIET = {"BorgPullWatchdog"}


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
def test_each_alert_asks_only_for_reasons_and_operations_that_there_are(rule: dict[str, Any]) -> None:
    values = set(re.findall(r'(?:reason|operation|status)!?="(\w+)"', rule["expr"]))

    assert values <= {one.value for kind in (Reason, Operation, Outcome) for one in kind}
