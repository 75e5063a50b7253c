"""Which container a plan runs in: its rights, its network, its mounts (DESIGN §3). The only place that grants any."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, assert_never

from appliance.config.model import (
    BorgClient,
    MachineClient,
    MountClient,
    Names,
    Reach,
    SshAgentClient,
    SshfsClient,
)
from appliance.plan import places
from appliance.plan.accounts import account_mounts
from appliance.plan.offer import LOOK
from appliance.plan.operations import ADOPT, BY_HAND, ESCROW_CHECK, FIDELITY, PREVIEW, QUESTIONS, SCAN, UNRECORDED
from appliance.ports import ContainerSpec, Mount
from appliance.record import Operation, Way

if TYPE_CHECKING:
    from appliance.config.model import AnyBorgClient, ApplianceSettings, Client
    from appliance.plan.run_plan import RunPlan

# The answer is about each file of an archive, some 300 bytes. Borg lists it faster than it is read, so the log must
# hold all that the reader is behind.
_LONG_ANSWERS = ("files", "find", "diff", PREVIEW)
_LONG_LOG_BYTES = 1_000_000_000
_LOG_BYTES = 20_000_000
# They meet nothing but the repository: no network, no right (S6).
_IN_THE_REPOSITORY = (
    Operation.PRUNE,
    Operation.DRILL,
    Operation.CHECK,
    Operation.REPAIR,
    Operation.ACCEPT,
    Operation.PURGE,
    Operation.RESTORE,
)

# To mount (SYS_ADMIN), and to hand everything that reads a client's bytes to the unprivileged user for good.
_MOUNT_RIGHTS = ("SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL", "SYS_CHROOT")
_NETWORK_OF = "container:"
_READ_ALL = "DAC_READ_SEARCH"
_READ_ALL_RIGHTS = ("SETUID", "SETGID", "SETPCAP", "KILL", _READ_ALL)


def plan_file(plan: RunPlan) -> PurePosixPath:
    """Where the plan lies, as the supervisor sees it; a question has a file of its own beside that of a run."""
    name = f"{plan.run_id}.json" if plan.operation in (*QUESTIONS, *UNRECORDED) else "plan.json"
    return places.run_folder(plan.client) / name


def lent_file(plan: RunPlan, secret: PurePosixPath) -> PurePosixPath:
    """Where a secret out of the escrow (PASSPHRASE, EXPORTED_KEY) lies for one question, as the supervisor sees it."""
    return places.run_folder(plan.client) / f"{plan.run_id}.{secret.name}"


def container_spec(
    client: Client, plan: RunPlan, settings: ApplianceSettings, destination: Client | None = None
) -> ContainerSpec:
    """Return the container for a run or for a question; a question's run id ends its container's name.

    `destination` is another client that the archive is restored onto.
    Raises ValueError for an operation that has no container.
    """
    if plan.operation in (SCAN, LOOK):
        # Behind other machines there is no look at a host key without logging in to those, which are pinned by then.
        logs_in = plan.operation == LOOK or plan.arguments not in ((), ("0",))
        mounts = _reaching(client, plan) if logs_in else (_plan(plan),)
        return _spec(client, plan, settings, mounts=mounts, network=_network(client, settings))
    if plan.restore is not None and plan.restore.way is Way.CLIENT and isinstance(client, BorgClient):
        return _borg(client, plan, settings)
    if plan.writes_on_the_client:
        # Owners are given by the client's own SFTP server: here nothing needs a right, and nothing is mounted (S2).
        machine = destination or client
        mounts = (*_reaching(machine, plan), *_repository(client))
        return _spec(client, plan, settings, mounts=mounts, network=_network(machine, settings))
    if plan.operation in QUESTIONS:
        return _spec(client, plan, settings, mounts=_for_a_question(client, plan), network="none")
    if plan.operation == FIDELITY:
        return _throw_away(client, plan, settings)
    if plan.operation not in (*Operation, BY_HAND):
        raise ValueError(f"no container is known for the operation {plan.operation}")
    return _of_a_run(client, plan, settings)


def spot_spec(client: Client, plan: RunPlan, settings: ApplianceSettings) -> ContainerSpec:
    """Return the second container of a drill: it sees the sample and the client, and nothing of the repository."""
    sample = _ours(places.sample_file(client.name), places.SAMPLE)
    there = (_plan(plan), _source(client)) if isinstance(client, MountClient) else _reaching(client, plan)
    network = "none" if isinstance(client, MountClient) else _network(client, settings)
    mounts = (*there, sample)
    spec = _spec(client, plan, settings, mounts=mounts, network=network)
    return replace(spec, labels={**spec.labels, places.LABEL_SECOND: "true"})


def _of_a_run(client: Client, plan: RunPlan, settings: ApplianceSettings) -> ContainerSpec:
    if plan.operation in _IN_THE_REPOSITORY:
        mounts = (_plan(plan), *_repository(client), *_onto_this_server(plan))
        return _spec(client, plan, settings, mounts=mounts, network="none")
    if isinstance(client, SshfsClient):
        return _sshfs(client, plan, settings)
    if isinstance(client, BorgClient):
        return _borg(client, plan, settings)
    if isinstance(client, MountClient):
        return _mount(client, plan, settings)
    assert_never(client)


def _throw_away(client: Client, plan: RunPlan, settings: ApplianceSettings) -> ContainerSpec:
    """Return the container of a backup, in which nothing of the client's own repository is to be seen (S1)."""
    spec = _of_a_run(client, plan, settings)
    scratch = places.scratch_folder(plan.client, plan.run_id)
    ours = tuple(
        _ours(scratch / inside.name, inside, read_only=inside == places.PASSPHRASE) for inside in places.SCRATCH_INSIDE
    )
    taken = {mount.target for mount in ours}
    key = (_ours(places.restore_key_file(client.name), places.RESTORE_KEY),) if "restore" in plan.arguments else ()
    return replace(spec, mounts=(*(mount for mount in spec.mounts if mount.target not in taken), *ours, *key))


def _sshfs(client: SshfsClient, plan: RunPlan, settings: ApplianceSettings) -> ContainerSpec:
    rights = (*_MOUNT_RIGHTS, _READ_ALL) if client.names is Names.CHROOT else _MOUNT_RIGHTS
    return _spec(
        client,
        plan,
        settings,
        mounts=(*_reaching(client, plan), *_repository(client)),
        network=_network(client, settings),
        user="0:0",
        capabilities=rights,
        devices=(settings.fuse_device,),
        security=("apparmor=unconfined", "label=disable", "no-new-privileges"),
        privileged=settings.privileged,
    )


def _borg(client: AnyBorgClient, plan: RunPlan, settings: ApplianceSettings) -> ContainerSpec:
    # Borg reads on the client; here only ssh and `borg serve` run, and they need no right at all.
    is_called = plan.operation in (Operation.CREATE, Operation.PROBE, Operation.RESTORE, *UNRECORDED)
    callback = client.callback if isinstance(client, SshAgentClient) and is_called else None
    agent_key = (_ours(places.agent_key_file(client.name), places.AGENT_KEY),) if plan.dedicated_key else ()
    return _spec(
        client,
        plan,
        settings,
        mounts=(*_reaching(client, plan), *agent_key, *_repository(client)),
        network=_network(client, settings),
        ports=((places.CALLBACK_PORT, callback.port),) if callback else (),
    )


def _network(client: Client, settings: ApplianceSettings) -> str:
    # The tunnel's end is on the gateway's loopback, where no other container and no other client can reach it.
    if isinstance(client, MachineClient) and client.reach is Reach.DIAL_IN:
        return f"{_NETWORK_OF}{places.gateway_name(settings.name)}"
    return settings.network


def _reaching(client: Client, plan: RunPlan) -> tuple[Mount, ...]:
    return (
        _plan(plan),
        _ours(places.key_file(client.name), places.KEY),
        _ours(places.known_hosts_file(client.name), places.KNOWN_HOSTS),
        *((_ours(places.restore_key_file(client.name), places.RESTORE_KEY),) if plan.writes_on_the_client else ()),
    )


def _mount(client: MountClient, plan: RunPlan, settings: ApplianceSettings) -> ContainerSpec:
    # The source is a folder here: there is nothing to reach, so there is no network to leak through.
    return _spec(
        client,
        plan,
        settings,
        mounts=(_plan(plan), _source(client), *_repository(client)),
        network="none",
        user="0:0" if client.read_all else "",
        capabilities=_READ_ALL_RIGHTS if client.read_all else (),
    )


def _spec(
    client: Client,
    plan: RunPlan,
    settings: ApplianceSettings,
    *,
    mounts: tuple[Mount, ...],
    network: str,
    user: str = "",
    capabilities: tuple[str, ...] = (),
    devices: tuple[str, ...] = (),
    security: tuple[str, ...] = ("no-new-privileges",),
    privileged: bool = False,
    ports: tuple[tuple[int, int], ...] = (),
) -> ContainerSpec:
    name = places.container_name(settings.name, client.name)
    through = network.removeprefix(_NETWORK_OF) if network.startswith(_NETWORK_OF) else ""
    return ContainerSpec(
        name=f"{name}-{plan.run_id}" if plan.operation in QUESTIONS else name,
        command=("pull",),
        labels={
            places.LABEL_APPLIANCE: plan.appliance_id,
            places.LABEL_CLIENT: client.name,
            places.LABEL_OPERATION: plan.operation,
            places.LABEL_RUN: plan.run_id,
            **({places.LABEL_THROUGH: through} if through else {}),
            **places.UPDATERS_KEEP_AWAY,
        },
        mounts=(*mounts, *account_mounts(plan.uid, plan.gid)),
        network=network,
        user=user or f"{plan.uid}:{plan.gid}",
        scratch_owner=(plan.uid, plan.gid),
        capabilities=capabilities,
        devices=devices,
        security=security,
        privileged=privileged,
        memory=client.memory,
        log_bytes=_LONG_LOG_BYTES if plan.operation in _LONG_ANSWERS else _LOG_BYTES,
        dns=() if network == "none" or through else settings.dns,
        ports=ports,
    )


def _plan(plan: RunPlan) -> Mount:
    return _ours(plan_file(plan), places.PLAN)


def _repository(client: Client) -> tuple[Mount, ...]:
    # Writable even for a question: Borg takes a lock in the repository and keeps its cache.
    return (
        _ours(places.passphrase_file(client.name), places.PASSPHRASE),
        _ours(places.repository_folder(client.name), places.REPOSITORY, read_only=False),
        _ours(places.cache_folder(client.name), places.CACHE, read_only=False),
    )


def _for_a_question(client: Client, plan: RunPlan) -> tuple[Mount, ...]:
    if plan.operation == ESCROW_CHECK:
        return _out_of_the_escrow(client, plan)
    passphrase, repository, cache = _repository(client)
    if plan.operation == ADOPT:
        # Not ours yet: it is only looked at.
        return (_plan(plan), passphrase, replace(repository, read_only=True))
    return (_plan(plan), passphrase, repository, cache)


def _out_of_the_escrow(client: Client, plan: RunPlan) -> tuple[Mount, ...]:
    # Neither the secrets of this appliance nor its cache: they are what will be gone.
    return (
        _plan(plan),
        _ours(lent_file(plan, places.PASSPHRASE), places.PASSPHRASE),
        _ours(lent_file(plan, places.EXPORTED_KEY), places.EXPORTED_KEY),
        _ours(places.repository_folder(client.name), places.REPOSITORY),
    )


def _onto_this_server(plan: RunPlan) -> tuple[Mount, ...]:
    order = plan.restore
    if order is None or order.way is not Way.LOCAL:
        return ()
    if order.stream:
        return (_ours(places.run_folder(plan.client) / order.stream, places.STREAM, read_only=False),)
    # That folder alone: whatever is in the archive, nothing else of this server can be written (S8).
    return (_ours(PurePosixPath(order.target), places.TARGET, read_only=False),)


def _source(client: MountClient) -> Mount:
    if client.volume is not None:
        return Mount(source=client.volume, target=str(places.SOURCE), volume=True)
    return Mount(source=str(client.folder), target=str(places.SOURCE), host=True)


def _ours(source: PurePosixPath, target: PurePosixPath, *, read_only: bool = True) -> Mount:
    return Mount(source=str(source), target=str(target), read_only=read_only)
