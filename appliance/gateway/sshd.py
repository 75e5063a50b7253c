"""The gateway's sshd: unprivileged, one user, keys only, and for each key nothing but its own listening port."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from appliance.plan import places

_CONFIG = places.SCRATCH / "sshd_config"
# sshd refuses a key of its own that others may read, and some NAS file systems know no other mode: so a copy.
_HOST_KEY = places.SCRATCH / "host_key"


def sshd_config() -> str:
    """Everything sshd may know; the system's own file is not read."""
    options: dict[str, object] = {
        "Port": places.GATEWAY_PORT,
        "HostKey": _HOST_KEY,
        "PidFile": "none",
        "AuthorizedKeysFile": places.ADMITTED,
        # The folder is the supervisor's, mounted read-only; its modes are those of the volume.
        "StrictModes": "no",
        "UsePAM": "no",
        "AuthenticationMethods": "publickey",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "LoginGraceTime": 20,
        "MaxAuthTries": 6,
        "MaxStartups": "10:30:60",
        # Behind the engine's proxy everybody has the same address: one stranger's penalty would be everybody's.
        "PerSourcePenalties": "no",
        # No session at all: no shell, no command, no subsystem, whatever stands in authorized_keys.
        "MaxSessions": 0,
        "ForceCommand": "/bin/false",
        "AllowTcpForwarding": "remote",
        "GatewayPorts": "no",
        "PermitOpen": "none",
        "AllowStreamLocalForwarding": "no",
        "AllowAgentForwarding": "no",
        "X11Forwarding": "no",
        "PermitTTY": "no",
        "PermitTunnel": "no",
        "PermitUserRC": "no",
        "PermitUserEnvironment": "no",
        # A client that went away in silence frees its port soon, for it will dial in again.
        "ClientAliveInterval": 15,
        "ClientAliveCountMax": 2,
        "TCPKeepAlive": "yes",
        "LogLevel": "INFO",
    }
    return "".join(f"{key} {value}\n" for key, value in options.items())


def start() -> subprocess.Popen[bytes]:
    """Start it in the foreground, with its log on our output."""
    shutil.copyfile(places.GATEWAY_HOST_KEY, _HOST_KEY)
    Path(_HOST_KEY).chmod(0o600)
    Path(_CONFIG).write_text(sshd_config(), encoding="utf-8")
    return subprocess.Popen(
        ["/usr/sbin/sshd", "-D", "-e", "-f", str(_CONFIG)],
        stdin=subprocess.DEVNULL,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
    )
