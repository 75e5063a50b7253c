"""The collector: one look at journal and configuration for each scrape."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Protocol

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.registry import Collector as PrometheusCollector

from appliance.edges.metrics import appliance as whole
from appliance.edges.metrics import clients, notifications
from appliance.edges.metrics.families import Families
from appliance.errors import BorgpullError
from appliance.ports import Facts, Journal, Ledger, Outbox
from appliance.record import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prometheus_client import Metric

    from appliance.config.model import Appliance
    from appliance.edges.metrics.appliance import Build
    from appliance.ports import Clock

_LOG = logging.getLogger(__name__)
_FACTS = ("config_problems", "config_loaded", "heartbeat", "paused", "docker", "next_runs", "tunnels")


class Store(Journal, Ledger, Facts, Outbox, Protocol):
    """The journal as metrics need it."""


class Collector(PrometheusCollector):
    """Reads everything at scrape time. `configuration` returns the one in force; `repositories` is the volume's folder.

    What cannot be read leaves its samples out and counts in borgpull_collect_errors: a scrape never fails.
    """

    def __init__(
        self,
        *,
        configuration: Callable[[], Appliance],
        store: Store,
        clock: Clock,
        repositories: Path,
        build: Build,
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._repositories = repositories
        self._build = build

    def collect(self) -> Iterator[Metric]:
        """Yield all families."""
        began = time.perf_counter()
        families = Families()
        whole.declare(families)
        clients.declare(families)
        notifications.declare(families)
        families.gauge("collect_duration_seconds", "Time the collection for this answer took.")
        families.gauge("collect_errors", "Errors met during the collection for this answer.")
        whole.build(families, self._build)
        errors = 0
        for part in (self._runs, self._storage):
            try:
                part(families)
            except (BorgpullError, OSError) as error:
                errors += 1
                _LOG.warning("metrics are incomplete: %s", error)
        families.add("collect_errors", errors)
        families.add("collect_duration_seconds", time.perf_counter() - began)
        yield from families

    def describe(self) -> Iterator[Metric]:
        """Describe nothing: registering must not read the journal."""
        return iter(())

    def _runs(self, families: Families) -> None:
        configuration = self._configuration()
        facts = {key: self._store.fact(key) for key in _FACTS}
        histories = self._store.last_runs()
        unfinished = self._store.unfinished()
        running = {run.client: run for run in unfinished if run.operation is Operation.CREATE}
        # What the supervisor said last may be some seconds older than the pause.
        due = {} if facts["paused"] else whole.next_runs(facts["next_runs"])
        whole.scheduler(families, configuration, facts, unfinished, self._clock.now())
        for client in configuration.clients:
            name = client.name
            history, run = histories.get(name), running.get(name)
            clients.configured(families, client, due.get(name))
            clients.in_progress(families, name, run, self._store.progress_of(run.run_id) if run else None, history)
            clients.past_runs(families, name, history, run)
            clients.stored(families, name, history)
        clients.tunnels(families, facts["tunnels"])
        notifications.told(families, configuration, self._store.channel_records(), self._store.alarms())

    def _storage(self, families: Families) -> None:
        whole.storage(families, self._repositories)


def registry(collector: Collector) -> CollectorRegistry:
    """Return a registry of its own, with this process's memory, processor time and files beside our families."""
    made = CollectorRegistry()
    made.register(collector)
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    return made
