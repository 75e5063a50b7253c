"""The promise: /metrics is clean and alive before, during and after a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.engine import wait_for
from tests.e2e.harness.promtool import promtool

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.pulling import Pulling


def _clean_metrics(appliance: ApplianceUnderTest) -> dict[str, float]:
    """Scrape, let promtool judge the text, and return the samples."""
    status, text = appliance.get("/metrics")
    assert status == 200
    judged = promtool(appliance.lab, "check", "metrics", stdin=text)
    assert (judged.returncode, judged.stdout + judged.stderr) == (0, "")
    samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


_WEB = '{client="web",operation="create"}'


def test_the_metrics_are_clean_before_during_and_after_a_run(pulling: Pulling) -> None:
    appliance = pulling.appliance
    wait_for(
        lambda: 'borgpull_client_info{client="web"' in appliance.get("/metrics")[1], within=60, what="web is known"
    )
    never = _clean_metrics(appliance)
    assert never[f"borgpull_run_last_success_timestamp_seconds{_WEB}"] == 0
    assert never[f"borgpull_run_in_progress{_WEB}"] == 0
    assert appliance.get("/healthz") == (200, '{"status": "ok"}')

    run_id = pulling.begin()
    during = _clean_metrics(appliance)
    assert during[f"borgpull_run_in_progress{_WEB}"] == 1
    assert during[f"borgpull_run_processed_bytes{_WEB}"] > 0
    pulling.proxy.tell("calm")
    run = pulling.recorded(run_id)

    after = _clean_metrics(appliance)
    assert after[f"borgpull_run_in_progress{_WEB}"] == 0
    assert after[f"borgpull_run_last_success_timestamp_seconds{_WEB}"] > 0
    assert after['borgpull_archive_last_files{client="web"}'] == run["archive"]["files"]
    assert after['borgpull_run_last_status{client="web",operation="create",status="success"}'] == 1
    assert f"borgpull_run_processed_bytes{_WEB}" not in after
