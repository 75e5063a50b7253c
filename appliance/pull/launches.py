"""Which programs the root half starts for a plan, and with what rights: values only."""

from __future__ import annotations

import sysconfig
from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.borg.create import create
from appliance.plan import places
from appliance.plan.run_plan import PULLFS, STOCK_SSHFS
from appliance.pull import linux
from appliance.pull.launch import LaunchSpec, MountSpec
from appliance.pull.methods.sshfs import sshfs_argv
from appliance.pull.own_file_system import is_listed
from appliance.pull.ssh_config import CLIENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.plan.run_plan import RunPlan

# Empty mount points for the chroot, part of the image, so that nobody in the container can prepare them.
_SKELETON = "/opt/skeleton"
_IMAGE = str(places.ROOM / "image")
_BORG_PACKAGES = f"/opt/borg/lib/python{sysconfig.get_python_version()}/site-packages"
_PYTHON = "/opt/borgpull/bin/python"
_PLAIN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(places.SCRATCH)}


def controller(plan: RunPlan, descriptors: tuple[int, ...]) -> LaunchSpec:
    """The unprivileged half of the pull container."""
    return replace(
        _unprivileged(plan),
        argv=(
            _PYTHON,
            "-P",
            "-m",
            "appliance.pull.controller",
            *(str(number) for number in descriptors),
        ),
        env={**_PLAIN_ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
    )


def file_system(plan: RunPlan, fuse_descriptor: int) -> LaunchSpec:
    """The file system on the descriptor that root has mounted already; it never holds a capability."""
    own = (_PYTHON, "-P", "-m", "appliance.pull.pullfs", str(fuse_descriptor))
    argv = own if is_listed(plan) else sshfs_argv(plan, fuse_descriptor)
    return replace(_unprivileged(plan), argv=argv, env=_PLAIN_ENVIRONMENT)


def fuse_mount(plan: RunPlan, fuse_descriptor: int) -> MountSpec:
    """The mount that `file_system` then serves. Without allow_other not even root can look into it.

    The chroot's overlay looks with root's eyes, so there (and only there) others are allowed.
    """
    others = ",allow_other" if plan.names == "chroot" else ""
    return MountSpec(
        source="client",
        target=str(places.CLIENT_ROOT),
        filesystem=PULLFS if is_listed(plan) else STOCK_SSHFS,
        flags=linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV,
        data=f"fd={fuse_descriptor},rootmode=40000,user_id={plan.uid},group_id={plan.gid}{others}",
    )


def borg_create(plan: RunPlan, shown: frozenset[str] = frozenset()) -> LaunchSpec:
    """`borg create`, in the source's root, with the names of the client where the plan wants them.

    `shown` is what the mount shows of the client beyond SFTP: TRUE_INODES, ACLS, XATTRS.
    """
    if plan.writes_from_the_client:
        return _over_ssh(plan)
    command = create(plan, shown)
    match plan.method, plan.names:
        case "sshfs", "client":
            return replace(
                _unprivileged(plan),
                argv=command.argv,
                env=command.env,
                directory=str(places.CLIENT_ROOT),
                mounts=(_bind(places.FETCHED_PASSWD, "/etc/passwd"), _bind(places.FETCHED_GROUP, "/etc/group")),
                passphrase=str(places.PASSPHRASE),
            )
        case "sshfs", "chroot":
            return _chrooted(plan, command.argv, command.env)
        case "sshfs", _:
            return replace(
                _unprivileged(plan),
                argv=command.argv,
                env=command.env,
                directory=str(places.CLIENT_ROOT),
                passphrase=str(places.PASSPHRASE),
            )
        case _:
            return replace(
                _unprivileged(plan),
                argv=command.argv,
                env=command.env,
                directory=str(places.SOURCE),
                passphrase=str(places.PASSPHRASE),
                keep=(linux.CAP_DAC_READ_SEARCH,) if plan.read_all else (),
            )


def _over_ssh(plan: RunPlan) -> LaunchSpec:
    """Borg on the client, by ssh; the controller has written how to get there and what to run."""
    script = f'exec ssh -F {places.SSH_CONFIG} {CLIENT} "$(cat {places.REMOTE_COMMAND})"'
    return replace(
        _unprivileged(plan),
        argv=("/bin/sh", "-c", script),
        env={**_PLAIN_ENVIRONMENT, "SSH_AUTH_SOCK": str(places.AGENT_SOCKET)},
        stdin=str(places.PASSPHRASE),
    )


def _chrooted(plan: RunPlan, argv: tuple[str, ...], env: Mapping[str, str]) -> LaunchSpec:
    inside = f"{places.CHROOT}{places.ROOM}"
    return replace(
        _unprivileged(plan),
        argv=argv,
        # "UTC0" needs no file of the client's time zone data.
        env={**env, "TZ": "UTC0"},
        passphrase=str(places.PASSPHRASE),
        mounts=(
            # Two lower layers and no upper one: nothing can be written, and the client's root is the one on top.
            MountSpec(
                source="overlay",
                target=str(places.CHROOT),
                filesystem="overlay",
                flags=linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV,
                data=f"lowerdir={places.CLIENT_ROOT}:{_SKELETON}",
            ),
            _bind("/", f"{inside}/image"),
            _bind(places.REPOSITORY, f"{inside}/repository"),
            _bind(places.CACHE, f"{inside}/cache"),
        ),
        chroot=str(places.CHROOT),
        image=_IMAGE,
        libraries=_BORG_PACKAGES,
        # The overlay checks modes itself, so reading what only root may read takes this one capability (S2).
        keep=(linux.CAP_DAC_READ_SEARCH,),
    )


def chroot_loader_environment() -> dict[str, str]:
    """What the dynamic loader must know from the start: after the chroot, libraries are found in the image alone."""
    triplet = sysconfig.get_config_var("MULTIARCH") or ""
    return {"LD_LIBRARY_PATH": f"{_IMAGE}/usr/lib/{triplet}:{_IMAGE}/lib/{triplet}:{_IMAGE}/usr/lib"}


def _unprivileged(plan: RunPlan) -> LaunchSpec:
    return LaunchSpec(argv=(), env={}, uid=plan.uid, gid=plan.gid)


def _bind(source: object, target: str) -> MountSpec:
    return MountSpec(source=str(source), target=target, flags=linux.MS_BIND)
