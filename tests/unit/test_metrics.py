"""What /metrics says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector as PrometheusCollector

from appliance.config.model import Appliance, ApplianceSettings, SocatClient, SshfsClient
from appliance.edges.metrics import Build, Collector, declared, registry, text_format
from appliance.errors import StateError
from appliance.notice import Alarm, AlarmKind, AlarmState, Severity
from appliance.plan import escrow
from appliance.plan.checked import Checked, checked_fact
from appliance.plan.escrow import EscrowFact
from appliance.record import Operation, Outcome, Progress, Reason
from tests.clients import METHODS, client_of
from tests.contract.records import CLOCK, START, archive, begun, ended, entry, repository
from tests.fakes import MemoryJournal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client import Metric

    from appliance.config.model import Client


class Scene:
    """A configuration and a journal, and what a scrape says about them."""

    def __init__(self, repositories: Path) -> None:
        self.store = MemoryJournal(CLOCK)
        self.names = ["web", "db"]
        self.others: tuple[Client, ...] = ()
        self.registry = registry(
            Collector(
                configuration=self.configuration,
                store=self.store,
                clock=CLOCK,
                repositories=repositories,
                build=Build(version="0.1.0", revision="abc", borg_version="1.4.5"),
                logged=lambda: {"info": 3, "error": 0},
            )
        )

    def configuration(self) -> Appliance:
        clients = tuple(SshfsClient(name=name, host="h", paths=("/",)) for name in self.names)
        return Appliance(settings=ApplianceSettings(), clients=clients + self.others, timezone=ZoneInfo("UTC"))

    def text(self) -> str:
        return text_format(self.registry).decode()

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"borgpull_{name}", labels)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


CREATE = {"client": "web", "operation": "create"}


def test_a_client_that_never_ran_has_zeros_an_alert_can_see(scene: Scene) -> None:
    assert scene.value("run_last_success_timestamp_seconds", **CREATE) == 0
    assert scene.value("runs_total", **CREATE) == 0
    assert scene.value("run_failures_total", reason="host_key", **CREATE) == 0
    assert scene.value("client_enabled", client="db") == 1
    assert scene.value("run_last_status", status="success", **CREATE) is None


@pytest.mark.parametrize("method", METHODS)
def test_a_client_of_each_method_is_told_with_names_and_reach(scene: Scene, method: str) -> None:
    reach = "direct" if method == "mount" else "jump"
    client = client_of(method, reach)

    scene.others = (client,)

    labels = {"client": "web1", "method": method, "names": client.names.value, "reach": reach}
    assert scene.value("client_info", **labels) == 1
    assert scene.value("run_failures_total", client="web1", operation="create", reason="tampering") == 0


def test_a_success_is_told_with_its_archive_and_repository(scene: Scene) -> None:
    scene.store.finish(ended(begun(), Outcome.SUCCESS, archive=archive(1), repository=repository("aa")))

    assert scene.value("run_last_success_timestamp_seconds", **CREATE) == (START + timedelta(minutes=5)).timestamp()
    assert scene.value("run_last_duration_seconds", **CREATE) == 300
    assert scene.value("run_last_status", status="success", **CREATE) == 1
    assert scene.value("run_last_status", status="failed", **CREATE) == 0
    assert scene.value("archive_last_original_bytes", client="web") == 1000
    assert scene.value("archive_deduplicated_bytes_total", client="web") == 100
    assert scene.value("repository_archives", client="web") == 4
    assert scene.value("repository_info", client="web", repository_id="aa", encryption="repokey-blake2") == 1


def test_failures_are_counted_by_reason(scene: Scene) -> None:
    for number in range(2):
        run = begun(f"r{number}", after_hours=number)
        scene.store.finish(ended(run, Outcome.FAILED, reason=Reason.STALLED))

    assert scene.value("run_failures_total", reason="stalled", **CREATE) == 2
    assert scene.value("run_consecutive_failures", **CREATE) == 2


def test_progress_is_an_estimate_that_never_claims_to_be_done(scene: Scene) -> None:
    scene.store.finish(ended(begun("r0", after_hours=-1), Outcome.SUCCESS, archive=archive(1)))
    scene.store.begin(begun())
    assert scene.value("run_progress_ratio", **CREATE) == 0

    scene.store.progress("r1", Progress(step="create", files=3, original_size=250))
    assert scene.value("run_progress_ratio", **CREATE) == 0.25
    assert scene.value("run_processed_files", **CREATE) == 3

    scene.store.progress("r1", Progress(step="create", files=9, original_size=5000))
    assert scene.value("run_progress_ratio", **CREATE) == 0.99
    assert scene.value("run_in_progress", **CREATE) == 1
    assert scene.value("run_in_progress", client="db", operation="create") == 0


def test_a_probe_is_no_run_in_progress(scene: Scene) -> None:
    scene.store.begin(replace(begun(), operation=Operation.PROBE))

    assert scene.value("run_in_progress", **CREATE) == 0


def test_the_facts_of_the_supervisor_are_told(scene: Scene) -> None:
    late, soon = START - timedelta(minutes=1), START + timedelta(hours=1)
    scene.store.set_fact("next_runs", json.dumps({"web": late.isoformat(), "db": soon.isoformat()}))
    scene.store.set_fact("heartbeat", START.isoformat())
    scene.store.set_fact("config_problems", '["borgpull.toml: no such key"]')
    scene.store.set_fact("docker", "cannot reach the container engine")

    assert scene.value("queue_length") == 1
    assert scene.value("run_next_timestamp_seconds", client="db", operation="create") == soon.timestamp()
    assert scene.value("scheduler_last_tick_timestamp_seconds") == START.timestamp()
    assert scene.value("config_last_reload_successful") == 0
    assert scene.value("docker_up") == 0
    assert scene.value("scheduler_paused") == 0

    scene.store.set_fact("paused", START.isoformat())
    assert (scene.value("scheduler_paused"), scene.value("queue_length")) == (1, 0)


def test_each_operation_that_a_client_has_is_told_by_itself(scene: Scene) -> None:
    prune = replace(begun("r2", after_hours=1), operation=Operation.PRUNE)
    scene.store.finish(ended(begun(), Outcome.SUCCESS, exit_code=0, archive=archive(1), repository=repository()))
    scene.store.finish(ended(prune, Outcome.FAILED, reason=Reason.TAMPERING, exit_code=3))

    pruned = {"client": "web", "operation": "prune"}
    assert scene.value("run_last_status", status="failed", **pruned) == 1
    assert scene.value("run_failures_total", reason="tampering", **pruned) == 1
    assert scene.value("run_last_exit_code", **pruned) == 3
    assert scene.value("run_consecutive_failures", **CREATE) == 0
    assert scene.value("runs_total", client="db", operation="prune") is None


def test_the_reason_of_the_last_run_is_gone_after_a_good_one(scene: Scene) -> None:
    scene.store.finish(ended(begun(), Outcome.FAILED, reason=Reason.HOST_KEY))
    assert scene.value("run_last_reason", reason="host_key", **CREATE) == 1

    scene.store.finish(ended(begun("r2", after_hours=1), Outcome.SUCCESS))
    assert "borgpull_run_last_reason{" not in scene.text()


def test_the_repository_is_told_as_the_newest_good_run_of_any_operation_saw_it(scene: Scene) -> None:
    made = ended(begun(), Outcome.SUCCESS, archive=archive(1), repository=repository())
    scene.store.finish(made, [entry(archive(1)), entry(archive(2, after_hours=5))])
    after = replace(repository(), archives=2)
    prune = replace(begun("r2", after_hours=1), operation=Operation.PRUNE)
    scene.store.finish(ended(prune, Outcome.SUCCESS, repository=after))

    assert scene.value("repository_archives", client="web") == 2
    assert scene.value("repository_unique_chunks", client="web") == 6
    assert (
        scene.value("repository_stats_timestamp_seconds", client="web")
        == (START + timedelta(hours=1, minutes=5)).timestamp()
    )
    assert scene.value("repository_oldest_archive_timestamp_seconds", client="web") == START.timestamp()
    newest = START + timedelta(hours=5)
    assert scene.value("repository_newest_archive_timestamp_seconds", client="web") == newest.timestamp()
    assert scene.value("repository_oldest_archive_timestamp_seconds", client="db") == 0
    assert scene.value("repository_archives", client="db") is None


def test_whether_checks_were_good_is_told_from_the_first_one_on(scene: Scene) -> None:
    assert scene.value("repository_check_ok", client="web") is None
    scene.store.set_fact(checked_fact("web"), Checked(repository=START).to_json())
    assert scene.value("repository_check_ok", client="web") == 1
    scene.store.set_fact(checked_fact("web"), Checked(repository=START, damaged=frozenset({"repository"})).to_json())
    assert scene.value("repository_check_ok", client="web") == 0


def test_a_key_counts_as_exported_once_it_was_printed(scene: Scene) -> None:
    assert scene.value("repository_key_exported", client="web") is None

    scene.store.finish(ended(begun(), Outcome.SUCCESS, repository=repository()))
    assert scene.value("repository_key_exported", client="web") == 0

    scene.store.set_fact("key_exported:web", START.isoformat())
    assert scene.value("repository_key_exported", client="web") == 1


@pytest.mark.parametrize(
    ("reason", "told"),
    [(Reason.UNREACHABLE, 0), (Reason.AUTH, 0), (Reason.HOST_KEY, 0), (Reason.STALLED, 1), (Reason.NO_SPACE, None)],
)
def test_a_client_is_reachable_as_far_as_its_last_run_can_tell(
    scene: Scene, reason: Reason, told: float | None
) -> None:
    scene.store.finish(ended(begun(), Outcome.FAILED, reason=reason))

    assert scene.value("client_reachable", client="web") == told


def test_a_probe_tells_of_the_way_what_a_later_backup_that_never_began_cannot(scene: Scene) -> None:
    scene.store.finish(ended(replace(begun(), operation=Operation.PROBE), Outcome.SUCCESS))
    scene.store.finish(ended(begun("r2", after_hours=1), Outcome.FAILED, reason=Reason.NO_SPACE))

    assert scene.value("client_reachable", client="web") == 1


def test_a_forwarding_that_was_refused_says_nothing_of_the_client_since_a_jump_host_may_have(scene: Scene) -> None:
    scene.store.finish(ended(replace(begun(), operation=Operation.PROBE), Outcome.FAILED, reason=Reason.UNREACHABLE))
    scene.store.finish(ended(begun("r2", after_hours=1), Outcome.FAILED, reason=Reason.FORWARDING))

    assert scene.value("client_reachable", client="web") == 0


def test_a_quota_is_told_and_its_absence_is_zero(scene: Scene) -> None:
    scene.others = (SocatClient(name="box", host="h", paths=("/",), method="socat", quota="2G"),)

    assert scene.value("repository_quota_bytes", client="box") == 2e9
    assert scene.value("repository_quota_bytes", client="web") == 0


def test_a_removed_client_leaves_no_series(scene: Scene) -> None:
    scene.store.finish(ended(begun(), Outcome.SUCCESS, archive=archive(1), repository=repository()))
    assert 'client="web"' in scene.text()

    scene.names.remove("web")

    assert 'client="web"' not in scene.text()


def test_no_label_carries_text_of_a_client_or_of_an_error(scene: Scene) -> None:
    run = begun()
    scene.store.finish(ended(run, Outcome.FAILED, reason=Reason.AUTH, message="canary", warnings=("canary",)))
    scene.store.begin(begun("r2", after_hours=1))
    scene.store.progress("r2", Progress(step="create", path="canary"))

    assert "canary" not in scene.text()


def test_a_journal_that_cannot_be_read_is_counted_and_the_rest_is_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path)

    def broken() -> Appliance:
        raise StateError("the volume is full")

    scene.registry = registry(
        Collector(
            configuration=broken,
            store=scene.store,
            clock=CLOCK,
            repositories=tmp_path,
            build=Build(version="0.1.0", revision="abc", borg_version="1.4.5"),
        )
    )

    assert scene.value("collect_errors") == 1
    assert scene.value("storage_size_bytes")


def test_an_escrow_is_as_old_as_it_is_and_outdated_since_it_lacks_something(scene: Scene) -> None:
    assert scene.value("escrow_made_timestamp_seconds") is None

    made = EscrowFact(made=START, fingerprint="f", repositories={})
    scene.store.set_fact(escrow.FACT, made.to_json())
    scene.store.set_fact(escrow.PROVEN, (START + timedelta(minutes=1)).isoformat())
    scene.store.set_fact(escrow.OUTDATED_SINCE, "")

    assert scene.value("escrow_made_timestamp_seconds") == START.timestamp()
    assert scene.value("escrow_proven_timestamp_seconds") == START.timestamp() + 60
    assert scene.value("escrow_outdated_since_timestamp_seconds") is None

    scene.store.set_fact(escrow.OUTDATED_SINCE, (START + timedelta(hours=1)).isoformat())
    assert scene.value("escrow_outdated_since_timestamp_seconds") == START.timestamp() + 3600


def test_what_an_older_escrow_was_says_nothing_of_a_new_one(scene: Scene) -> None:
    scene.store.set_fact(escrow.FACT, EscrowFact(made=START, fingerprint="f", repositories={}).to_json())
    for key in (escrow.PROVEN, escrow.OUTDATED_SINCE):
        scene.store.set_fact(key, (START - timedelta(hours=1)).isoformat())

    assert scene.value("escrow_made_timestamp_seconds") == START.timestamp()
    assert scene.value("escrow_proven_timestamp_seconds") is None
    assert scene.value("escrow_outdated_since_timestamp_seconds") is None


class OneCounter(PrometheusCollector):
    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily("borgpull_runs", "Runs.", labels=("client",))
        family.add_metric(('we"b\\\n',), 3)
        yield family


def test_the_text_says_what_the_library_would_say() -> None:
    examples = CollectorRegistry()
    Gauge("borgpull_plain", "Help with a \\ and\na newline.", registry=examples).set(1e18)
    examples.register(OneCounter())
    Gauge("borgpull_infinite", "Infinite.", ["client"], registry=examples).labels("web-1").set(float("inf"))

    ours = list(text_string_to_metric_families(text_format(examples).decode()))

    assert ours == list(text_string_to_metric_families(generate_latest(examples).decode()))
    assert len(ours) == 3


def test_names_units_and_helps_keep_the_rules(scene: Scene) -> None:
    scene.store.finish(ended(begun(), Outcome.SUCCESS, archive=archive(1), repository=repository()))
    scene.store.begin(begun("r2", after_hours=1))

    for family in text_string_to_metric_families(scene.text()):
        assert family.documentation.endswith(".") or not family.name.startswith("borgpull_")
        assert family.type == "counter" or not family.name.endswith("_total")
        labels = {label for sample in family.samples for label in sample.labels}
        if not family.name.endswith("_info") and family.name.startswith("borgpull_"):
            assert labels <= {"client", "operation", "status", "reason", "level"}


def test_every_sample_has_exactly_the_labels_that_its_family_declares(scene: Scene) -> None:
    scene.store.finish(ended(begun(), Outcome.WARNING, reason=Reason.CHANGED, archive=archive(1)))
    known = {family.full_name: set(family.label_names) for family in declared()}

    for metric in scene.registry.collect():
        for sample in metric.samples:
            if sample.name.startswith("borgpull_"):
                assert set(sample.labels) == known[sample.name]


def test_deliveries_are_counted_by_kind_and_alarms_have_a_sample_each(scene: Scene) -> None:
    told = client_of("mount", extra='notify = ["ntfy://hunter2"]\nhealthchecks = "https://hunter2"')
    scene.others = (told,)
    alarm = Alarm(kind=AlarmKind.OVERDUE, client="web", severity=Severity.WARNING, sentence="web is overdue.")
    scene.store.settle([AlarmState(alarm=alarm, raised=START)], [])
    scene.store.not_delivered(1, "mailto", "refused", None)

    assert scene.value("notification_failures_total", channel="ntfy") == 0
    assert scene.value("notifications_total", channel="healthchecks") == 0
    assert scene.value("notifications_total", channel="mailto") == 1
    assert scene.value("notification_failures_total", channel="mailto") == 1
    assert scene.value("alarm", alarm="overdue", client="web", severity="warning") == 1
    assert "hunter2" not in scene.text()
