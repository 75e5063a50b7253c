"""Make the plan of a run from configuration and journal: nothing has happened yet when it is printed."""

from __future__ import annotations

import glob
from typing import TYPE_CHECKING

from appliance.config.model import BorgClient, MachineClient, MountClient, Reach, SshAgentClient, SshfsClient
from appliance.config.owner import IMAGES_OWN
from appliance.config.values import LEAST_QUOTA
from appliance.plan.age import is_ahead
from appliance.plan.retention import compacting, keep_options
from appliance.plan.run_plan import NEVER, Baseline, GoodPoint, Hop, KnownArchive, PlannedHook, RunPlan
from appliance.record import Operation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from appliance.config.model import Client, Hook
    from appliance.config.owner import Owner
    from appliance.plan.run_plan import PlannedCheck
    from appliance.ports import ClientHistory
    from appliance.record import KnownRepository, LedgerEntry, RestoreOrder


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
    tunnel_port: int | None = None,
    room: int | None = None,
    restore: RestoreOrder | None = None,
    destination: Client | None = None,
    check: PlannedCheck | None = None,
    protected: Sequence[str] = (),
    wrote_itself: bool = False,
    pruned: ClientHistory | None = None,
    reserve: int = 0,
    owner: Owner = IMAGES_OWN,
) -> RunPlan:
    """Plan one run, or one question to the repository; `ledger` is oldest first, `now` aware and in UTC.

    `tunnel_port` is the gateway's port of a client that dials in; `room` is what the repository may still grow, in
    bytes, where the client has no quota of its own. `destination` is another client, whose machine is reached in place
    of this one's; `tunnel_port` is its then. `protected` are names of archives that the operator protected by a
    command, `wrote_itself` says that the client once wrote to its repository itself, `pruned` is the history of prunes,
    `reserve` what is to stay free on the volume, `owner` whose files it makes.
    """
    machine = _machine(destination or client)
    borg = client if isinstance(client, BorgClient) else None
    agent = client if isinstance(client, SshAgentClient) else None
    host, port = _address(machine, tunnel_port) if machine else ("", 22)
    mount = client if isinstance(client, MountClient) else None
    return RunPlan(
        run_id=run_id,
        client=client.name,
        operation=str(operation),
        appliance_id=appliance_id,
        method=client.method,
        names=client.names.value,
        reach=(destination or client).reach.value,
        host=host,
        port=port,
        user=machine.user if machine else "",
        jump=tuple(Hop(host=one.host, port=one.port, user=one.user) for one in machine.jump) if machine else (),
        callback=Hop(host=agent.callback.host, port=agent.callback.port) if agent else None,
        dedicated_key=agent.dedicated_key if agent else False,
        before=_hooks(machine.before) if machine else (),
        after=_hooks(machine.after) if machine else (),
        stream_command=borg.stream.command if borg and borg.stream else "",
        stream_name=borg.stream.name if borg and borg.stream else "",
        storage_quota=_quota(borg, history, room) if borg else None,
        known=tuple(_known(entry) for entry in ledger),
        keep=keep_options(client.keep) if client.keep else (),
        point=_point(repository),
        paths=client.paths,
        exclude=client.exclude,
        exclude_caches=client.exclude_caches,
        encryption=client.encryption,
        compression=client.compression,
        archive_name=archive_name(client.name, now) if operation == Operation.CREATE else "",
        repository_id=repository.repository_id if repository else None,
        baseline=None if accept_shrink else baseline(history, ledger, now),
        max_shrink=client.max_shrink,
        marker=(mount.marker or "") if mount else "",
        read_all=mount.read_all if mount else False,
        timeout=int(client.timeout.total_seconds()),
        connection_timeout=int((destination or client).connection_timeout.total_seconds()),
        stall_timeout=int(client.stall_timeout.total_seconds()),
        arguments=arguments,
        alive=alive,
        restore=restore,
        check=check,
        # Names of archives are no patterns, whatever is in them.
        protect=(*client.protect, *map(glob.escape, protected)),
        wrote_itself=wrote_itself,
        compact=compacting(client, pruned, now),
        reserve=reserve if reserve >= LEAST_QUOTA else 0,
        quota=client.quota or 0,
        uid=owner.uid,
        gid=owner.gid,
        umask=owner.umask,
        listing=client.listing.value if isinstance(client, SshfsClient) else NEVER,
        patience=int(machine.wake_timeout.total_seconds()) if machine and machine.wake else 0,
    )


def _machine(client: Client) -> MachineClient | None:
    return client if isinstance(client, MachineClient) else None


def _address(machine: MachineClient, tunnel_port: int | None) -> tuple[str, int]:
    """Return where the run connects. A run that goes through the gateway shares its network, so that is loopback."""
    if machine.reach is Reach.DIAL_IN:
        return "127.0.0.1", tunnel_port or 0
    return machine.host, machine.port


def _known(entry: LedgerEntry) -> KnownArchive:
    archive = entry.archive
    return KnownArchive(name=archive.name, id=archive.id, started=archive.started.isoformat())


def _point(repository: KnownRepository | None) -> GoodPoint | None:
    if repository is None or repository.point is None:
        return None
    return GoodPoint(transaction=repository.point.transaction, segments=repository.point.segments)


def _hooks(hooks: tuple[Hook, ...]) -> tuple[PlannedHook, ...]:
    return tuple(
        PlannedHook(
            command=hook.command, timeout=int(hook.timeout.total_seconds()), must_work=hook.on_failure == "stop"
        )
        for hook in hooks
    )


def _quota(client: BorgClient, history: ClientHistory | None, room: int | None) -> int | None:
    """Return how large the repository may become, in bytes: by its quota, else by what the volume can still take.

    A client that writes into its repository itself must never be able to fill the volume of all the others.
    """
    if client.quota is not None or room is None:
        return client.quota
    known = history.last_success.repository if history and history.last_success else None
    return max((known.disk_size if known else 0) + max(room, 0), LEAST_QUOTA)


def archive_name(client: str, now: datetime) -> str:
    """Name the archive by client and time in UTC, to the second."""
    return f"{client}-{now:%Y-%m-%dT%H:%M:%S}"


def baseline(history: ClientHistory | None, ledger: Sequence[LedgerEntry], now: datetime) -> Baseline | None:
    """Return the newest good archive whose sizes are known; one found in the repository alone says nothing of them.

    One that a clock which was wrong dated ahead is no newest one for years: it comes last.
    """
    filesystem = history.last_success.source_filesystem if history and history.last_success else ""
    newest_first = ledger[::-1]
    for entry in sorted(newest_first, key=lambda entry: is_ahead(entry.archive.started, now)):
        if entry.archive.original_size > 0:
            return Baseline(files=entry.archive.files, original_size=entry.archive.original_size, filesystem=filesystem)
    return None
