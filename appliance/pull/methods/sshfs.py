"""Method `sshfs` as values: the ssh configuration and the sshfs command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.plan import places

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan

_ALIVE_COUNT = 3


def ssh_config(plan: RunPlan) -> str:
    """Everything ssh may know; the user's and the system's own files are not read.

    No `reconnect` in sshfs and a bounded silence here: a lost connection must end the run, not block it for ever
    (sshfs#3, sshfs#223), and never become an archive with files missing.
    """
    interval = max(1, plan.connection_timeout // _ALIVE_COUNT)
    options = {
        "HostName": plan.host,
        "Port": plan.port,
        "User": plan.user,
        "HostKeyAlias": plan.client,
        "IdentityFile": places.KEY,
        "IdentitiesOnly": "yes",
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
        "ClearAllForwardings": "yes",
        "PermitLocalCommand": "no",
        "ControlMaster": "no",
        # AES-GCM is two to three times as fast as the default where the processor has AES; the rest stays allowed.
        "Ciphers": "^aes128-gcm@openssh.com,aes256-gcm@openssh.com",
        "LogLevel": "ERROR",
    }
    return "\n".join(["Host client", *(f"    {key} {value}" for key, value in options.items()), ""])


def sshfs_argv(plan: RunPlan, fuse_descriptor: int) -> tuple[str, ...]:
    """Serve the client's root on a descriptor that is mounted already, in the foreground.

    `no_contain_symlinks`: without it every absolute or `..` symlink is missing from the archive (CVE-2026-47187's fix,
    in Debian's 3.7.3-1.2~deb13u1). Harmless here: Borg reads links and never follows them, the paths of the plan are
    walked without following, and the container holds nothing but this client's own things.
    No `uid`, `gid`, `umask` or `idmap`: they would flatten every owner.
    """
    return (
        "sshfs",
        "-f",
        "client:/",
        f"/dev/fd/{fuse_descriptor}",
        "-o",
        f"ssh_command=ssh -F {places.SSH_CONFIG}",
        "-o",
        "no_contain_symlinks",
        "-o",
        f"fsname={plan.client}",
    )
