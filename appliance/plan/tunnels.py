"""The tunnels of clients that dial in: whose port is whose, who may open it, and the container that they end in."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from appliance.config.model import MachineClient, Reach
from appliance.plan import places
from appliance.plan.accounts import account_mounts
from appliance.ports import ContainerSpec, Mount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import PurePosixPath

    from appliance.config.model import Appliance, Client

# Below the ports that the kernel gives out by itself: some run through the gateway might be given one of ours.
FIRST_PORT = 22001
_LAST_PORT = 32000
_KINDS = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """The port on the gateway that belongs to a client; without a key (`kind base64`) nobody can open it yet."""

    client: str
    port: int
    key: str = ""


def dials_in(client: Client) -> bool:
    """Whether the client is reached through a tunnel that its side opens."""
    return isinstance(client, MachineClient) and client.reach is Reach.DIAL_IN


def expected(appliance: Appliance) -> tuple[Client, ...]:
    """Return the clients that may dial in: a disabled one has no way in."""
    return tuple(client for client in appliance.clients if client.enabled and dials_in(client))


def free_port(taken: Iterable[int]) -> int:
    """Return the lowest port that nobody has; raises ValueError when there is none."""
    held = frozenset(taken)
    for port in range(FIRST_PORT, _LAST_PORT):
        if port not in held:
            return port
    raise ValueError(f"every port from {FIRST_PORT} to {_LAST_PORT} belongs to a client")


def public_key(line: str) -> str:
    """Return `kind base64` of a public key's line, without options and comment; raises ValueError for anything else.

    What stands here goes into authorized_keys: a line that could say more than a key must not get there.
    """
    kind, _, rest = line.strip().partition(" ")
    blob = rest.strip().split(" ", 1)[0]
    if kind not in _KINDS or not rest.strip():
        raise ValueError('is no public key; give the one line of its .pub file, such as "ssh-ed25519 AAAA… me@laptop"')
    try:
        raw = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("is no public key: what follows its kind is not base64") from error
    length = int.from_bytes(raw[:4], "big")
    if raw[4 : 4 + length] != kind.encode("ascii") or len(raw) <= 4 + length:
        raise ValueError(f"is no public key of the kind {kind}")
    return f"{kind} {blob}"


def admission(tunnel: Tunnel) -> str:
    """Return the line of authorized_keys: this key may open its own port on the gateway's loopback, and nothing else.

    ssh asks for "localhost" both for -R PORT:… and for -R localhost:PORT:…, and sshd compares the words.
    """
    return f'restrict,port-forwarding,permitlisten="localhost:{tunnel.port}",command="/bin/false" {tunnel.key}'


def admissions(appliance: Appliance, tunnels: Mapping[str, Tunnel]) -> str:
    """Return the whole authorized_keys: only clients that are configured so, enabled, and have given a key."""
    known = (tunnels.get(client.name) for client in expected(appliance))
    lines = [admission(tunnel) for tunnel in known if tunnel is not None and tunnel.key]
    return "".join(f"{line}\n" for line in lines)


def gateway_spec(appliance: Appliance, *, appliance_id: str, image: str) -> ContainerSpec:
    """Return the container of the gateway; its label tells it from one made by other settings or another image.

    Raises ValueError without an address for it.
    """
    settings, owner = appliance.settings, appliance.owner
    if settings.gateway is None:
        raise ValueError("no address for the gateway is configured")
    mounts = (
        _ours(places.gateway_folder(places.DOOR), places.DOOR),
        _ours(places.gateway_key_file(), places.GATEWAY_HOST_KEY),
        _ours(places.gateway_folder(places.REPORTS), places.REPORTS, read_only=False),
        *account_mounts(owner.uid, owner.gid),
    )
    user = f"{owner.uid}:{owner.gid}"
    made_of = (image, settings.name, settings.network, settings.gateway.port, settings.dns, mounts, user)
    return ContainerSpec(
        name=places.gateway_name(settings.name),
        command=("gateway",),
        labels={
            places.LABEL_APPLIANCE: appliance_id,
            places.LABEL_GATEWAY: sha256(repr(made_of).encode()).hexdigest()[:16],
            **places.UPDATERS_KEEP_AWAY,
        },
        mounts=mounts,
        network=settings.network,
        user=user,
        scratch_owner=(owner.uid, owner.gid),
        dns=settings.dns,
        ports=((places.GATEWAY_PORT, settings.gateway.port),),
        stop_grace=5,
    )


def _ours(source: PurePosixPath, target: PurePosixPath, *, read_only: bool = True) -> Mount:
    return Mount(source=str(source), target=str(target), read_only=read_only)
