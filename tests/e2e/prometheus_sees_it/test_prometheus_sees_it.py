"""The promise: a real Prometheus sees what the dashboards show, and raises exactly the alerts that it should."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from scripts.dashboards.build import files
from tests.e2e.harness.engine import wait_for
from tests.e2e.harness.promtool import promtool
from tests.e2e.harness.tmpfs import resize

if TYPE_CHECKING:
    from tests.e2e.prometheus_sees_it.conftest import Scene

# What Grafana puts in before it asks.
_CHOSEN = {"$job": "borgpull", "$instance": ".+", "$__rate_interval": "10s"}
_CLIENT = {"overview.json": ".+", "client.json": "web"}


def _queries(name: str) -> dict[str, str]:
    """Return every query of a dashboard by panel and letter, as Grafana sends it."""
    found = {}
    for panel in json.loads(files()[name])["panels"]:
        for target in panel.get("targets", ()):
            expr = target["expr"]
            for variable, value in {**_CHOSEN, "$client": _CLIENT[name]}.items():
                expr = expr.replace(variable, value)
            found[f"{panel['title']} {target['refId']}"] = expr
    return found


def _clients(scene: Scene) -> set[str]:
    return {row["metric"]["client"] for row in scene.prometheus.query("borgpull_client_enabled")}


def test_the_metrics_are_clean_and_every_rule_is_loaded_and_well(scene: Scene) -> None:
    judged = promtool(scene.appliance.lab, "check", "metrics", stdin=scene.appliance.get("/metrics")[1])
    assert (judged.returncode, judged.stdout + judged.stderr) == (0, "")

    wait_for(lambda: set(scene.prometheus.rules().values()) == {"ok"}, within=60, what="every rule was evaluated")
    assert len(scene.prometheus.rules()) > 20
    scene.wait_for_alerts({})


@pytest.mark.parametrize("name", files())
def test_every_query_of_the_dashboards_returns_data(scene: Scene, name: str) -> None:
    queries = _queries(name)

    assert len(queries) > 20
    # What is new to Prometheus has no rate before some looks at it.
    for title, expr in queries.items():
        wait_for(partial(scene.prometheus.query, expr), within=60, what=f"{title} has data: {expr}")


@pytest.mark.parametrize("name", files())
def test_every_annotation_and_variable_of_the_dashboards_is_understood(scene: Scene, name: str) -> None:
    dashboard: dict[str, Any] = json.loads(files()[name])

    for annotation in dashboard["annotations"]["list"]:
        expr = annotation["expr"]
        for variable, value in {**_CHOSEN, "$client": _CLIENT[name]}.items():
            expr = expr.replace(variable, value)
        scene.prometheus.query(expr)
    wait_for(lambda: _clients(scene) == {"web", "robber"}, within=60, what="both clients, and no other")


def test_a_full_volume_is_seen_and_room_on_it_clears_that(scene: Scene) -> None:
    supervisor = scene.appliance.supervisor
    # With some megabytes on it, so that a few hundredths of free space are many pages.
    used = scene.appliance.shell("head -c 40M /dev/zero > /repos/ballast; du -sk /repos").stdout.split()[0]
    resize(supervisor, "/repos", f"{int(used) * 102 // 100}k")
    try:
        scene.wait_for_alerts(
            {("BorgPullStorageAlmostFull", ""): "pending", ("BorgPullStorageFillingUp", ""): "pending"}
        )
    finally:
        resize(supervisor, "/repos", "2G")
    scene.wait_for_alerts({})


def test_archives_deleted_by_a_client_are_seen_and_bringing_them_back_clears_that(scene: Scene) -> None:
    done = scene.robber.run_evil("borg delete --glob-archives '*' $REPO >&2; exit 0")
    scene.robber.assert_failed(done, "tampering")

    scene.wait_for_alerts({("BorgPullTampering", "robber"): "firing"})

    scene.appliance.borgpull("repair", "robber", "--roll-back", "--yes")
    scene.robber.good_run()
    scene.wait_for_alerts({})


def test_a_client_that_is_off_and_comes_back_as_another_is_seen_and_trusting_it_clears_that(scene: Scene) -> None:
    scene.machine.kill()
    for _ in range(3):
        assert scene.appliance.run("web").returncode == 3
    scene.wait_for_alerts({("BorgPullRunFailing", "web"): "firing"})

    scene.machine.start()
    scene.machine.change_host_keys()
    assert scene.appliance.run("web").returncode == 3
    scene.wait_for_alerts({("BorgPullRunFailing", "web"): "firing", ("BorgPullHostKeyChanged", "web"): "firing"})

    scene.appliance.borgpull("client", "trust", "web", "--replace", "--yes")
    assert scene.appliance.run("web").returncode == 0
    scene.wait_for_alerts({})
