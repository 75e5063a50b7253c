"""Prove with throw-away containers what a pull container will need: the right folders, and FUSE."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import EngineError
from appliance.ports import ContainerSpec, Mount

if TYPE_CHECKING:
    from appliance.edges.docker_engine.engine import DockerEngine
    from appliance.ports import ContainerState

_INSIDE = "/.borgpull/proof"
# Opens the device and mounts with its descriptor, as a pull container will; nothing ever answers on the mount.
_MOUNT_FUSE = (
    "import ctypes, os, sys\n"
    "device = os.open(sys.argv[1], os.O_RDWR)\n"
    "libc = ctypes.CDLL(None, use_errno=True)\n"
    "options = f'fd={device},rootmode=40000,user_id=0,group_id=0'.encode()\n"
    "if libc.mount(b'proof', b'/mnt/client', b'fuse.proof', 1 | 2 | 4, options):\n"
    "    sys.exit(f'mount: {os.strerror(ctypes.get_errno())}')\n"
    "libc.umount2(b'/mnt/client', 2)\n"
)


def prove_folder(engine: DockerEngine, folder: str, *, name: str) -> str:
    """Return "" when a sibling container sees this folder of the supervisor, else a sentence that says what it sees.

    Writes a nonce into the folder and removes it again; raises EngineError when the engine cannot be asked.
    """
    nonce = secrets.token_hex(16)
    proof = Path(folder) / f".borgpull-proof-{nonce}"
    try:
        proof.write_text(nonce, encoding="ascii")
        # Pull containers read it as another user than the one who wrote it.
        proof.chmod(0o644)
        spec = _spec(
            name,
            entrypoint=("cat",),
            command=(f"{_INSIDE}/{proof.name}",),
            mounts=(Mount(source=folder, target=_INSIDE),),
        )
        _, said = _run(engine, spec)
    except OSError as error:
        return f"{folder} cannot be written by the supervisor: {error.strerror}"
    finally:
        proof.unlink(missing_ok=True)
    if said.strip() == nonce:
        return ""
    return (
        f"a pull container would see another folder than the supervisor's {folder}: the engine's host was asked for "
        f"{engine.host_path(folder)}, and the supervisor's file is not there; set BORGPULL_HOST_PATH_CONFIG, _STATE "
        "or _REPOS to the right path on the host"
    )


def prove_fuse(engine: DockerEngine, device: str, *, name: str, privileged: bool) -> str:
    """Return "" when a container with the rights of a pull container can mount FUSE, else a sentence."""
    spec = _spec(
        name,
        entrypoint=("/opt/borgpull/bin/python", "-I", "-c"),
        command=(_MOUNT_FUSE, device),
        capabilities=("SYS_ADMIN",),
        devices=(device,),
        security=("apparmor=unconfined", "label=disable", "no-new-privileges"),
        privileged=privileged,
    )
    try:
        state, said = _run(engine, spec)
    except EngineError as error:
        return str(error)
    if state is not None and state.exit_code == 0:
        return ""
    last = (said.strip().splitlines() or ["no reason given"])[-1]
    return (
        f"a container may not mount FUSE here ({last}); method sshfs needs it: allow the capability SYS_ADMIN and "
        f"{device} to containers, or set `privileged = true` under [appliance]"
    )


def _spec(
    name: str,
    *,
    entrypoint: tuple[str, ...],
    command: tuple[str, ...],
    mounts: tuple[Mount, ...] = (),
    capabilities: tuple[str, ...] = (),
    devices: tuple[str, ...] = (),
    security: tuple[str, ...] = ("no-new-privileges",),
    privileged: bool = False,
) -> ContainerSpec:
    return ContainerSpec(
        name=f"{name}-proof-{secrets.token_hex(3)}",
        entrypoint=entrypoint,
        command=command,
        labels={"borgpull.proof": name},
        mounts=mounts,
        network="none",
        capabilities=capabilities,
        devices=devices,
        security=security,
        privileged=privileged,
    )


def _run(engine: DockerEngine, spec: ContainerSpec) -> tuple[ContainerState | None, str]:
    engine.start(spec)
    try:
        for _line in engine.lines(spec.name):
            pass  # until it has ended
        return engine.inspect(spec.name), engine.log(spec.name)
    finally:
        engine.remove(spec.name)
