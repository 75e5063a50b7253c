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
    """Everything ssh may know; the user's and the system's own files are not read. `more` counts for the client.

    A bounded silence here, and no `reconnect` in sshfs: a lost connection must end the run, not block it for ever
    (sshfs#3, sshfs#223), and never become an archive with files missing.
    """
    interval = max(1, plan.connection_timeout // _ALIVE_COUNT)
    options: dict[str, object] = {
        "HostName": plan.host,
        "Port": plan.port,
        "User": plan.user,
        "HostKeyAlias": plan.client,
        "IdentityFile": places.KEY,
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "PreferredAuthentications": "publickey",
        "BatchMode": "yes",
        "UserKnownHostsFile": places.KNOWN_HOSTS,
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "ConnectTimeout": min(20, plan.connection_timeout),
        "ServerAliveInterval": interval,
        "ServerAliveCountMax": _ALIVE_COUNT,
        "TCPKeepAlive": "yes",
        "Compression": "no",
        "ForwardAgent": "no",
        "PermitLocalCommand": "no",
        "ControlMaster": "no",
        # AES-GCM is two to three times as fast as the default where the processor has AES; the rest stays allowed.
        "Ciphers": "^aes128-gcm@openssh.com,aes256-gcm@openssh.com",
        "LogLevel": "ERROR",
        **({"ClearAllForwardings": "yes"} if more is None else more),
    }
    return "\n".join([f"Host {CLIENT}", *(f"    {key} {value}" for key, value in options.items()), ""])
