"""What Prometheus is told: read afresh from journal and configuration at every scrape, so no series grows stale."""

from __future__ import annotations

from appliance.edges.metrics.appliance import Build
from appliance.edges.metrics.collector import Collector, registry
from appliance.edges.metrics.declared import declared
from appliance.edges.metrics.exposition import text_format
from appliance.edges.metrics.families import Family

__all__ = ["Build", "Collector", "Family", "declared", "registry", "text_format"]
