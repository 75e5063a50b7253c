"""The dashboard of the whole house."""

from __future__ import annotations

from scripts.dashboards.panels import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    NEWEST,
    RED,
    Panel,
    Query,
    Row,
    bars,
    gauge,
    graph,
    stacked,
    stat,
    states,
    table,
)

_LAST = 'borgpull_run_last_success_timestamp_seconds{operation="create"}'
_LIMIT = 'borgpull_run_max_age_seconds{operation="create"}'
_ENABLED = "borgpull_client_enabled == 1 and on (job, instance, client)"
# As the alerts of the same names in config/prometheus/borgpull.rules.yml have it.
_OF_ENABLED = "and on (job, instance, client) borgpull_client_enabled == 1"
_DAMAGED = (
    "max by (job, instance, client) ("
    ' borgpull_repository_check_ok == 0 or borgpull_alarm{alarm="damaged"} == 1'
    ' or borgpull_run_last_reason{reason="integrity", operation!~"repair|accept|purge|restore|probe"} == 1'
    f" {_OF_ENABLED} )"
)
_TAMPERED = (
    "max by (job, instance, client) ("
    ' borgpull_alarm{alarm="tampering"} == 1'
    ' or borgpull_run_last_reason{reason="tampering", operation="create"} == 1'
    ' or borgpull_run_last_reason{reason="tampering"} == 1'
    " and on (job, instance, client, operation) ("
    " borgpull_run_last_completion_timestamp_seconds >= on (job, instance, client) group_left ()"
    ' borgpull_run_last_success_timestamp_seconds{operation="create"} ) )'
    f" {_OF_ENABLED}"
)
_NEVER = {"0": ("never", GREY)}
_NONE_IS_GOOD = ((None, GREEN), (1.0, RED))
_OUTCOMES = {"0": ("none", GREY), "1": ("success", GREEN), "2": ("warning", AMBER), "3": ("failed", RED)}
_YES_NO = {"0": ("no", RED), "1": ("yes", GREEN)}
_FREE, _SIZE = "borgpull_storage_available_bytes", "borgpull_storage_size_bytes"
_TO_CLIENT = "/d/borgpull-client?var-client=${__data.fields.client}&${__url_time_range}&${datasource:queryparam}"

NOW = Row(
    title="Now",
    panels=(
        stat("Clients protected", "Clients whose last good backup is younger than their max_age.", "short",
             f"count({_ENABLED} (time() - {_LAST} <= {_LIMIT})) or vector(0)", width=3),
        stat("Clients overdue", "Clients to be backed up whose last good backup is too old, or is none.", "short",
             f"count({_ENABLED} (time() - {_LAST} > {_LIMIT})) or vector(0)", width=3, steps=_NONE_IS_GOOD),
        stat("Last run failed", "Clients whose last backup failed or was interrupted.", "short",
             'count(borgpull_run_last_status{operation="create", status=~"failed|interrupted"} == 1) or vector(0)',
             width=3, steps=_NONE_IS_GOOD),
        stat("Running and queued", "Runs in progress, and runs that are due and wait for a slot.", "short",
             "sum(borgpull_run_in_progress)", "sum(borgpull_queue_length)", width=3, legends=("running", "queued")),
        gauge("Storage used", "How full the volume of the repositories is.", "percentunit", f"1 - {_FREE} / {_SIZE}",
              width=3, steps=((None, GREEN), (0.8, AMBER), (0.95, RED))),
        stat("Storage full in", "At the pace of the last seven days; many years mean that it does not fill up.", "s",
             f"{_FREE} / clamp_min(-deriv({_FREE}[7d]), 1)", width=3,
             steps=((None, RED), (7 * 86400, AMBER), (30 * 86400, GREEN))),
        stat("Space saved", "What deduplication and compression save, against the plain size of all archives.",
             "percentunit",
             "1 - sum(borgpull_repository_deduplicated_bytes) / sum(borgpull_repository_original_bytes)", width=3),
        stat("Next run", "When the next scheduled backup begins; never while it is paused.", "dateTimeFromNow",
             '(min(borgpull_run_next_timestamp_seconds{operation="create"} > 0) or vector(0)) * 1000', width=3,
             names=_NEVER),
    ),
)  # fmt: skip


def _moment(column: str) -> dict[str, dict[str, object]]:
    never = [{"type": "value", "options": {"0": {"text": "never", "color": GREY}}}]
    return {column: {"unit": "dateTimeFromNow", "mappings": never}}


CLIENTS = Row(
    title="Clients",
    panels=(
        table(
            "Clients", "Each client with its last backup and its repository; its name leads to its own dashboard.",
            Query(expr=f"max by (client) ({_LAST}) * 1000", column="Last good backup"),
            Query(expr=f"max by (client) (time() - ({_LAST} > 0)) / max by (client) ({_LIMIT})", column="Age of limit"),
            Query(expr='max by (client, status) (borgpull_run_last_status{operation="create"} == 1)', column="Is"),
            Query(expr='max by (client) (borgpull_run_last_duration_seconds{operation="create"})', column="Duration"),
            Query(expr="max by (client) (borgpull_archive_last_original_bytes)", column="Size"),
            Query(expr="max by (client) (borgpull_archive_last_deduplicated_bytes)", column="New data"),
            Query(expr='max by (client) (borgpull_run_last_warnings{operation="create"})', column="Warnings"),
            Query(expr="max by (client) (borgpull_repository_archives)", column="Archives"),
            Query(expr="max by (client) (borgpull_repository_disk_bytes)", column="On disk"),
            Query(expr='max by (client) (borgpull_run_next_timestamp_seconds{operation="create"}) * 1000',
                  column="Next run"),
            columns={
                "client": {"links": [{"title": "Open ${__data.fields.client}", "url": _TO_CLIENT}]},
                **_moment("Last good backup"), **_moment("Next run"),
                "Age of limit": {"unit": "percentunit"}, "Duration": {"unit": "s"}, "Is": {"custom.hidden": True},
                "Size": {"unit": "bytes"}, "New data": {"unit": "bytes"}, "On disk": {"unit": "bytes"},
            },
            height=9,
        ),
        states(
            "status-history", "Backup outcome", "How the last backup of each client stood at each moment.",
            'sum by (client) (borgpull_run_last_status{operation="create", status="success"})'
            ' + 2 * sum by (client) (borgpull_run_last_status{operation="create", status="warning"})'
            ' + 3 * sum by (client) (borgpull_run_last_status{operation="create", status=~"failed|interrupted"})',
            names=_OUTCOMES,
        ),
        Panel(
            kind="bargauge", title="Age of the last good backup against its limit",
            description="1 is max_age: from there on the client is overdue, from 3 on it is urgent.",
            unit="percentunit", width=12, height=8, minimum=0, maximum=3,
            queries=(Query(expr=f"(time() - ({_LAST} > 0)) / {_LIMIT}", legend="{{client}}"),),
            steps=((None, GREEN), (1.0, AMBER), (3.0, RED)),
            options={"displayMode": "basic", "orientation": "horizontal",
                     "reduceOptions": NEWEST},
        ),
        states("state-timeline", "Runs in progress", "When each client was pulled.",
               "max by (client) (borgpull_run_in_progress)", width=24,
               names={"0": ("idle", GREY), "1": ("running", BLUE)}),
    ),
)  # fmt: skip

VOLUME = Row(
    title="Volume",
    panels=(
        bars("New data per day", "What backups added to the repositories within the day before each moment.", "bytes",
             "sum by (client) (increase(borgpull_archive_deduplicated_bytes_total[1d]))"),
        stacked("Repository size", "Size of each repository on disk.", "bytes", "borgpull_repository_disk_bytes"),
        graph("Backup duration", "How long the last backup of each client took.", "s",
              'borgpull_run_last_duration_seconds{operation="create"}'),
        graph("Read rate of the last backup", "Size of the last archive by the duration of its run.", "Bps",
              "borgpull_archive_last_original_bytes / on (job, instance, client)"
              ' (borgpull_run_last_duration_seconds{operation="create"} > 0)'),
        Panel(
            kind="piechart", title="Share of storage", description="How the repositories share what is used.",
            unit="bytes", width=8, height=8,
            queries=(Query(expr="borgpull_repository_disk_bytes", legend="{{client}}"),),
            options={"pieType": "donut", "legend": {"displayMode": "list", "placement": "right", "showLegend": True},
                     "reduceOptions": NEWEST},
        ),
        graph("Free space and forecast", "Free space, and what will be free in 30 days at the pace of the last seven.",
              "bytes", _FREE, f"predict_linear({_FREE}[7d], 30 * 86400)", width=16,
              legends=("free", "free in 30 days")),
    ),
)  # fmt: skip

MAINTENANCE = Row(
    title="Maintenance",
    panels=(
        table(
            "Last success by operation", "When each operation beside the backup last worked for each client.",
            Query(expr='max by (client, operation) (borgpull_run_last_success_timestamp_seconds{operation!="create"})'
                       " * 1000", column="Last success"),
            columns=_moment("Last success"), height=6,
        ),
        stat("Damaged repositories", "Clients of which a check or a run found damage that is not mended.", "short",
             f"count({_DAMAGED}) or vector(0)", steps=_NONE_IS_GOOD),
        stat("Tampering", "Clients of which good archives are gone that nobody here deleted.", "short",
             f"count({_TAMPERED}) or vector(0)", steps=_NONE_IS_GOOD),
        stat("Keys not exported", "Repositories whose key exists nowhere else.", "short",
             "count(borgpull_repository_key_exported == 0) or vector(0)", steps=((None, GREEN), (1.0, AMBER))),
        stat("Alarms", "What Borgpull itself has told you of and what still holds.", "short",
             "count(borgpull_alarm) or vector(0)", steps=((None, GREEN), (1.0, AMBER))),
    ),
)  # fmt: skip

PROBLEMS = Row(
    title="Problems",
    panels=(
        Panel(kind="alertlist", title="Firing alerts", description="Alerts of Borgpull that Prometheus has now.",
              unit="short", width=8, height=8,
              options={"alertInstanceLabelFilter": "", "alertName": "BorgPull", "datasource": "${datasource}",
                       "stateFilter": {"firing": True, "pending": True}, "viewMode": "list"}),
        bars("Failures by reason", "Failed and interrupted runs within the day before each moment.", "short",
             "sum by (reason) (increase(borgpull_run_failures_total[1d]))", legends=("{{reason}}",), width=8),
        bars("Warnings and errors of the supervisor", "Messages in the supervisor's own log, by level.", "short",
             'sum by (level) (increase(borgpull_log_messages_total{level=~"warning|error|critical"}[1h]))',
             legends=("{{level}}",), width=8),
    ),
)  # fmt: skip

SUPERVISOR = Row(
    title="Supervisor",
    panels=(
        states("state-timeline", "Supervisor and engine", "Whether each answers, and whether scheduling is on.", "up",
               "borgpull_docker_up", "1 - borgpull_scheduler_paused",
               legends=("supervisor", "engine", "scheduling"), width=8, names=_YES_NO),
        graph("Memory", "Memory of the supervisor's process.", "bytes", "process_resident_memory_bytes",
              legends=("{{instance}}",), width=8),
        graph("Processor", "Processor time of the supervisor; 1 is one core.", "short",
              "rate(process_cpu_seconds_total[$__rate_interval])", legends=("{{instance}}",), width=8),
    ),
)  # fmt: skip

ROWS = (NOW, CLIENTS, VOLUME, MAINTENANCE, PROBLEMS, SUPERVISOR)
