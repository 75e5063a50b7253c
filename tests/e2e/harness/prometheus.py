"""A real Prometheus beside an appliance, with the rules that the appliance's own image exports."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.e2e.harness.engine import docker, wait_for
from tests.e2e.harness.promtool import IMAGE

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest

_CONFIG = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [borgpull.rules.yml]
scrape_configs: [{{job_name: borgpull, static_configs: [{{targets: ["{target}"]}}]}}]
"""
# As the service `monitoring-files` of compose.yaml does, and then a configuration that looks more often.
_FILL = "borgpull monitoring export --force /monitoring; cat > /monitoring/prometheus/prometheus.yml"
_FOLDER = "/etc/prometheus"


class Prometheus:
    """Scrapes one appliance, which must be in the lab's network."""

    def __init__(self, appliance: ApplianceUnderTest) -> None:
        lab = appliance.lab
        self.name = lab.name("prometheus")
        volume = lab.volume(f"{self.name}-config")
        docker(
            "run", "--rm", "--interactive", "--label", lab.label, "--network", "none",
            "--volume", f"{volume}:/monitoring/prometheus", "--entrypoint", "sh", lab.image, "-euc", _FILL,
            stdin=_CONFIG.format(target=f"{appliance.supervisor}:9187"),
        )  # fmt: skip
        docker(
            "run", "--detach", "--name", self.name, "--label", lab.label, "--network", lab.network,
            "--publish", "127.0.0.1::9090", "--volume", f"{volume}:{_FOLDER}:ro", IMAGE,
            f"--config.file={_FOLDER}/prometheus.yml", "--storage.tsdb.path=/prometheus",
        )  # fmt: skip
        self._port = docker("port", self.name, "9090/tcp").stdout.split()[0].rpartition(":")[2]
        wait_for(self._scrapes, within=60, what=f"{self.name} scrapes {appliance.supervisor}")

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Return what the query gives now; fails the test when Prometheus does not understand it."""
        result = self._ask("query", query=expr)["result"]
        assert isinstance(result, list)
        return result

    def rules(self) -> dict[str, str]:
        """Return the health of each loaded rule by its name."""
        groups = self._ask("rules")["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}

    def alerts(self) -> dict[tuple[str, str], str]:
        """Return the state, pending or firing, of each alert by its name and the client it is about."""
        found = self._ask("alerts")["alerts"]
        return {(one["labels"]["alertname"], one["labels"].get("client", "")): one["state"] for one in found}

    def _scrapes(self) -> bool:
        try:
            return bool(self.query("sum_over_time(up[30s]) >= 3"))
        except OSError:
            return False

    def _ask(self, what: str, **words: str) -> Any:
        address = f"http://127.0.0.1:{self._port}/api/v1/{what}?{urllib.parse.urlencode(words)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            said = json.loads(answer.read())
        assert said["status"] == "success", said
        return said["data"]
