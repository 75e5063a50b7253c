"""What Prometheus is told: read afresh from journal and configuration at every scrape, so no series grows stale."""

from __future__ import annotations

from appliance.edges.metrics.appliance import Build
from appliance.edges.metrics.collector import Collector, registry
from appliance.edges.metrics.exposition import text_format

__all__ = ["Build", "Collector", "registry", "text_format"]
