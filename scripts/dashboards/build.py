"""Both dashboards as text, from their rows and from the families that the code declares."""

from __future__ import annotations

import json

from appliance.edges.metrics import declared
from scripts.dashboards import client, overview
from scripts.dashboards.grafana import Selection, dashboard, one_of, several_of, source

_JOB = several_of("job", "Job", "label_values(borgpull_build_info, job)")
_INSTANCE = several_of("instance", "Instance", 'label_values(borgpull_build_info{job=~"$job"}, instance)')
_CLIENTS = 'label_values(borgpull_client_enabled{job=~"$job", instance=~"$instance"}, client)'


def files() -> dict[str, str]:
    """Return the text of every file by its name."""
    known = {family.full_name: family.label_names for family in declared()}
    whole = dashboard(
        uid="borgpull-overview",
        title="Borgpull: overview",
        description="All clients of a Borgpull appliance, its repositories and its supervisor.",
        rows=overview.ROWS,
        selection=Selection(known, 'client=~"$client"'),
        variables=[source(), _JOB, _INSTANCE, several_of("client", "Client", _CLIENTS)],
    )
    one = dashboard(
        uid="borgpull-client",
        title="Borgpull: client",
        description="One client of a Borgpull appliance: its runs, its archives, its repository.",
        rows=client.ROWS,
        selection=Selection(known, 'client="$client"'),
        variables=[source(), _JOB, _INSTANCE, one_of("client", "Client", _CLIENTS)],
    )
    return {
        name: json.dumps(made, indent=2, ensure_ascii=False) + "\n"
        for name, made in {"overview.json": whole, "client.json": one}.items()
    }
