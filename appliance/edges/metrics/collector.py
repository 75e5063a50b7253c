"""The collector: one look at journal and configuration for each scrape."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Protocol

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.registry import Collector as PrometheusCollector

from appliance.edges.metrics import appliance as whole
from appliance.edges.metrics import clients, notifications, runs, stored
from appliance.edges.metrics.declared import declared
from appliance.edges.metrics.families import BY_CLIENT, BY_RUN
from appliance.edges.metrics.look import KEY_EXPORTED, Look
from appliance.errors import BorgpullError
from appliance.plan import escrow
from appliance.ports import Facts, Journal, Ledger, Outbox
from appliance.record import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from prometheus_client import Metric

    from appliance.config.model import Appliance, Client
    from appliance.edges.metrics.appliance import Build
    from appliance.edges.metrics.families import Families
    from appliance.ports import Clock

_LOG = logging.getLogger(__name__)
_FACTS = ("config_problems", "config_loaded", "heartbeat", "paused", "docker", "next_runs", "tunnels")
_ESCROW_FACTS = (escrow.FACT, escrow.PROVEN, escrow.OUTDATED_SINCE)


class Store(Journal, Ledger, Facts, Outbox, Protocol):
    """The journal as metrics need it."""


class Collector(PrometheusCollector):
    """Reads everything at scrape time.

    `configuration` returns the one in force, `logged` counts the log's messages by level, and `repositories` is the
    volume's folder. What cannot be read leaves its samples out and counts in borgpull_collect_errors: no scrape fails.
    """

    def __init__(
        self,
        *,
        configuration: Callable[[], Appliance],
        store: Store,
        clock: Clock,
        repositories: Path,
        build: Build,
        logged: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._repositories = repositories
        self._build = build
        self._logged = logged

    def collect(self) -> Iterator[Metric]:
        """Yield all families."""
        began = time.perf_counter()
        families = declared()
        whole.build(families, self._build)
        whole.logged(families, self._logged())
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
        facts = {key: self._store.fact(key) for key in (*_FACTS, *_ESCROW_FACTS)}
        unfinished = self._store.unfinished()
        # What the supervisor said last may be some seconds older than the pause.
        due = {} if facts["paused"] else whole.next_runs(facts["next_runs"])
        whole.scheduler(families, configuration, facts, unfinished, self._clock.now())
        whole.escrow(families, facts)
        look = Look.into(self._store, unfinished)
        for client in configuration.clients:
            clients.configured(families, client, due.get(client.name))
            self._client(families, client, look)
        clients.tunnels(families, facts["tunnels"])
        notifications.told(families, configuration, self._store.channel_records(), self._store.alarms())

    def _client(self, families: Families, client: Client, look: Look) -> None:
        name = client.name
        for operation in look.operations(name):
            of_runs = families.of(BY_RUN, name, operation.value)
            history, run = look.history(name, operation), look.running.get((name, operation.value))
            runs.in_progress(of_runs, run, self._store.progress_of(run.run_id) if run else None, history)
            runs.past(of_runs, operation, history, run)
        told = [look.history(name, operation) for operation in clients.TALKS_TO_CLIENT]
        clients.reachable(families, client, [history.last for history in told if history])
        of_client = families.of(BY_CLIENT, name)
        stored.archives(of_client, look.history(name, Operation.CREATE))
        stored.repository(
            families,
            of_client,
            client,
            look.good_runs(name),
            span=look.spans.get(name),
            key_exported=f"{KEY_EXPORTED}{name}" in look.exported,
            checked=look.checked.get(name),
        )

    def _storage(self, families: Families) -> None:
        whole.storage(families, self._repositories)


def registry(collector: Collector) -> CollectorRegistry:
    """Return a registry of its own, with this process's memory, processor time and files beside our families."""
    made = CollectorRegistry()
    made.register(collector)
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    return made
