"""The configuration of the OpenSSH client as text: the way to the client, pinned at every machine on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.plan import places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.plan.run_plan import RunPlan

# The name that stands for the client in the configuration, whatever its address.
CLIENT = "client"
_ALIVE_COUNT = 3


def ssh_config(plan: RunPlan, more: Mapping[str, object] | None = None) -> str:
    """Everything ssh may know; the user's and the system's own files are not read. `more` counts for the client alone.

    Each machine on the way has a block of its own. For ProxyJump ssh starts itself with this same file, so a hop is
    held to it as strictly as the client, and gets no agent and no forwarding of the client's block.
    """
    blocks = []
    for number, hop in enumerate(plan.jump, 1):
        address = {"HostName": _literal(hop.host), "Port": hop.port, "User": hop.user}
        options = {**address, **_strict(plan, number), **_through(number - 1), "ClearAllForwardings": "yes"}
        blocks.append(_block(_hop(number), options))
    address = {"HostName": _literal(plan.host), "Port": plan.port, "User": plan.user}
    wanted = {"ClearAllForwardings": "yes"} if more is None else more
    blocks.append(_block(CLIENT, {**address, **_strict(plan, 0), **_through(len(plan.jump)), **wanted}))
    return "\n".join(blocks)


def _strict(plan: RunPlan, hop: int) -> dict[str, object]:
    """What holds at every machine.

    A bounded silence here, and no `reconnect` in sshfs: a lost connection must end the run, not block it for ever
    (sshfs#3, sshfs#223), and never become an archive with files missing.
    """
    return {
        "HostKeyAlias": places.host_key_alias(plan.machine, hop),
        "IdentityFile": places.RESTORE_KEY if plan.writes_on_the_client and hop == 0 else places.KEY,
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "PreferredAuthentications": "publickey",
        "BatchMode": "yes",
        "UserKnownHostsFile": places.KNOWN_HOSTS,
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "ConnectTimeout": min(20, plan.connection_timeout),
        "ServerAliveInterval": max(1, plan.connection_timeout // _ALIVE_COUNT),
        "ServerAliveCountMax": _ALIVE_COUNT,
        "TCPKeepAlive": "yes",
        "Compression": "no",
        "ForwardAgent": "no",
        "PermitLocalCommand": "no",
        "ControlMaster": "no",
        # AES-GCM is two to three times as fast as the default where the processor has AES; the rest stays allowed.
        "Ciphers": "^aes128-gcm@openssh.com,aes256-gcm@openssh.com",
        "LogLevel": "ERROR",
    }


def _literal(host: str) -> str:
    # ssh expands a percent sign, and IPv6 addresses of one link have one (fe80::1%eth0).
    return host.replace("%", "%%")


def _through(hop: int) -> dict[str, object]:
    return {"ProxyJump": _hop(hop)} if hop else {}


def _hop(number: int) -> str:
    return f"jump{number}"


def _block(name: str, options: Mapping[str, object]) -> str:
    return "\n".join([f"Host {name}", *(f"    {key} {value}" for key, value in options.items()), ""])
