"""The reference page of metrics, written from the families that a scrape declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.edges.metrics import declared
from appliance.edges.metrics.runs import ALWAYS
from appliance.record import Operation, Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.edges.metrics import Family

_HEAD = """\
# Metrics

What `/metrics` says, on the port that [the configuration](configuration.md) calls `listen`. It is read from the journal
at the moment of the scrape: no repository is opened and no client is asked, and of a client that leaves the
configuration nothing is said any more. To watch it: [monitoring](../how-to/monitoring.md).

<!-- Written by `python -m appliance.cli.reference`; change appliance/edges/metrics/, not this page. -->

| metric | kind | labels | what it says |
|---|---|---|---|
"""
_LABELS = """
Beside them stand the Python library's own `process_*` (memory, processor time, open files) and `python_info`.

## Labels

| label | values |
|---|---|
| `client` | the client's name in the configuration |
| `operation` | {operations}; a client has `create` always, another once one of it has begun |
| `status` | {outcomes} |
| `reason` | those of [troubleshooting](../troubleshooting.md); of backups, 0 before they ever happen: {always} |
| `level` | `info`, `warning`, `error`, `critical` |
| `channel` | kind of channel: the scheme of its URL, or `healthchecks` |
| `alarm`, `severity` | those of [notifications](../how-to/notifications.md) |

No label holds a path, a file's name, an error's text or the name of an archive: `borgpull history` has those.

## Names that others may expect

- There is one volume of repositories, so `borgpull_storage_*` has no label for it.
- A lock that is not ours, damage, and tampering are reasons of runs (`borgpull_run_last_reason`), not metrics of their
  own: a scrape opens no repository, so it can know no more than the last run did.
- `borgpull_client_info` names method, names and reach, not the host: an address is nobody's business but yours.
"""
_LEFT_OUT = {
    "docker_api_errors_total": "`borgpull_docker_up` says whether the engine answers, the log which call failed",
    "orphaned_containers": "there are none for longer than five seconds: each one is adopted, recorded or removed",
    "client_last_contact_timestamp_seconds": (
        "the journal keeps the last run and the last good one of each operation, and the last contact may lie between"
    ),
    "archive_last_file_changes": "Borg counts changes only while it lists every file, which costs more than it tells",
    "repository_locked": "that would mean looking into each repository at each scrape, and waking its disks",
    "repository_check_ok": "damage that a run met is the reason `integrity`; a run that met none proves nothing",
    "ssh_certificate_expiry_timestamp_seconds": "clients are logged in to with keys, which do not expire",
}


def metrics_page() -> str:
    """Return the page."""
    rows = "".join(_row(family) for family in declared())
    labels = _LABELS.format(operations=_codes(Operation), outcomes=_codes(Outcome), always=_codes(ALWAYS))
    left_out = "".join(f"| `borgpull_{name}` | {why} |\n" for name, why in _LEFT_OUT.items())
    return f"{_HEAD}{rows}{labels}\n## Left out, and why\n\n| metric | why |\n|---|---|\n{left_out}"


def _row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.label_names)
    return f"| `{family.full_name}` | {family.type} | {labels} | {family.documentation} |\n"


def _codes(values: Iterable[Operation | Outcome | Reason]) -> str:
    return ", ".join(f"`{value.value}`" for value in values)
