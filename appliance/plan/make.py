"""Make the plan of a run from configuration and journal: nothing has happened yet when it is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.config.model import MountClient, SshfsClient
from appliance.plan.run_plan import Baseline, RunPlan
from appliance.record import Operation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from appliance.config.model import Client
    from appliance.ports import ClientHistory
    from appliance.record import KnownRepository, LedgerEntry


def plan_run(
    client: Client,
    operation: str,
    *,
    run_id: str,
    now: datetime,
    appliance_id: str,
    history: ClientHistory | None = None,
    ledger: Sequence[LedgerEntry] = (),
    repository: KnownRepository | None = None,
    accept_shrink: bool = False,
    arguments: tuple[str, ...] = (),
    alive: tuple[str, ...] = (),
) -> RunPlan:
    """Plan one run, or one question to the repository; `ledger` is oldest first, `now` aware and in UTC."""
    sshfs = client if isinstance(client, SshfsClient) else None
    mount = client if isinstance(client, MountClient) else None
    return RunPlan(
        run_id=run_id,
        client=client.name,
        operation=str(operation),
        appliance_id=appliance_id,
        method=client.method,
        names=client.names.value,
        host=sshfs.host if sshfs else "",
        port=sshfs.port if sshfs else 22,
        user=sshfs.user if sshfs else "",
        paths=client.paths,
        exclude=client.exclude,
        exclude_caches=client.exclude_caches,
        encryption=client.encryption,
        compression=client.compression,
        archive_name=archive_name(client.name, now) if operation == Operation.CREATE else "",
        repository_id=repository.repository_id if repository else None,
        baseline=None if accept_shrink else baseline(history, ledger),
        max_shrink=client.max_shrink,
        marker=(mount.marker or "") if mount else "",
        read_all=mount.read_all if mount else False,
        timeout=int(client.timeout.total_seconds()),
        connection_timeout=int(client.connection_timeout.total_seconds()),
        stall_timeout=int(client.stall_timeout.total_seconds()),
        arguments=arguments,
        alive=alive,
    )


def archive_name(client: str, now: datetime) -> str:
    """Name the archive by client and time in UTC, to the second."""
    return f"{client}-{now:%Y-%m-%dT%H:%M:%S}"


def baseline(history: ClientHistory | None, ledger: Sequence[LedgerEntry]) -> Baseline | None:
    """Return the newest good archive whose sizes are known; one found in the repository alone says nothing of them."""
    filesystem = history.last_success.source_filesystem if history and history.last_success else ""
    for entry in reversed(ledger):
        if entry.archive.original_size > 0:
            return Baseline(files=entry.archive.files, original_size=entry.archive.original_size, filesystem=filesystem)
    return None
