"""The promise: the alert rules are what Prometheus takes for good ones, and do what their tests say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.harness.promtool import promtool

if TYPE_CHECKING:
    from tests.e2e.harness.lab import Lab

_TESTS = Path(__file__).parents[3] / "config/prometheus/tests"


def test_promtool_finds_nothing_wrong_with_the_rules(lab: Lab) -> None:
    judged = promtool(lab, "check", "rules", "--lint=all", "--lint-fatal", "borgpull.rules.yml")

    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_each_alert_fires_when_it_should_and_is_quiet_when_it_should(lab: Lab) -> None:
    files = sorted(f"tests/{file.name}" for file in _TESTS.glob("*.yml"))
    judged = promtool(lab, "test", "rules", *files)

    assert files
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert (judged.stdout + judged.stderr).count("SUCCESS") == len(files)
