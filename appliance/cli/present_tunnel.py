"""What has to run on the machine that dials in for a client: the client itself, or one that reaches both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.config.logins import SSH_PORT
from appliance.plan import places

if TYPE_CHECKING:
    from appliance.config.logins import Endpoint

_FOLDER = "/etc/borgpull"
RESTART_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """How a client's side gets to the gateway: `sshd` is the client's, as the dialling machine sees it.

    `port` is the client's own on the gateway, `host_key` the gateway's (`kind base64`), and `fingerprint` that of the
    tunnel's key, empty as long as none is known.
    """

    client: str
    sshd: Endpoint
    gateway: Endpoint
    port: int
    host_key: str
    fingerprint: str = ""

    @property
    def key_file(self) -> str:
        """Where the dialling machine keeps the tunnel's private key, which never leaves it."""
        return f"{_FOLDER}/tunnel-{self.client}"

    @property
    def known_hosts_file(self) -> str:
        """Where it keeps the gateway's host key."""
        return f"{self.key_file}.known_hosts"

    @property
    def unit(self) -> str:
        """What its service is called."""
        return f"borgpull-tunnel-{self.client}.service"


def known_hosts_line(way: WayIn) -> str:
    """Return the line by which ssh knows the gateway, and no other machine in its place."""
    host = way.gateway.host if way.gateway.port == SSH_PORT else f"[{way.gateway.host}]:{way.gateway.port}"
    return f"{host} {way.host_key}"


def tunnel_command(way: WayIn, program: str = "ssh") -> str:
    """Return the command that holds the tunnel open, and ends when it cannot."""
    options = {
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": way.known_hosts_file,
        "GlobalKnownHostsFile": "/dev/null",
        "UpdateHostKeys": "no",
        "ExitOnForwardFailure": "yes",
        "ConnectTimeout": 20,
        "ServerAliveInterval": 15,
        "ServerAliveCountMax": 2,
    }
    given = " ".join(f"-o {key}={value}" for key, value in options.items())
    forward = f"localhost:{way.port}:{way.sshd}"
    return (
        f"{program} -N -T -F /dev/null -i {way.key_file} -p {way.gateway.port} {given} -R {forward} "
        f"{places.USER}@{way.gateway.host}"
    )


def unit_text(way: WayIn) -> str:
    """Return the service that dials in at the machine's start, and again whenever the tunnel breaks."""
    return f"""\
[Unit]
Description=Tunnel through which Borgpull backs up {way.client}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart={tunnel_command(way, "/usr/bin/ssh")}
Restart=always
RestartSec={RESTART_SECONDS}
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target"""


def loop_text(way: WayIn) -> str:
    """Return the same for a machine without systemd."""
    return f"while :; do {tunnel_command(way)}; sleep {RESTART_SECONDS}; done"


def tunnel_text(way: WayIn) -> str:
    """Say everything that is to be done for the tunnel, as root of the machine that dials in."""
    return "\n".join(
        [
            f"The tunnel. The server does not reach {way.client}: {way.client} itself, or a machine that reaches both,",
            f"dials in to {way.gateway} and stays there. As root of that machine, make a key of its own and pin the",
            "gateway. The key opens this one tunnel, and neither a shell nor a way to anything else:",
            "",
            f"  mkdir -p {_FOLDER}",
            f"  ssh-keygen -q -t ed25519 -N '' -C borgpull-tunnel-{way.client} -f {way.key_file}",
            f"  printf '%s\\n' '{known_hosts_line(way)}' > {way.known_hosts_file}",
            f"  cat {way.key_file}.pub",
            "",
            *_key_lines(way),
            f"Then, there, as /etc/systemd/system/{way.unit}:",
            "",
            *(f"  {line}".rstrip() for line in unit_text(way).splitlines()),
            "",
            f"  systemctl daemon-reload && systemctl enable --now {way.unit}",
            "",
            "Without systemd, let this run in the background from the machine's start on:",
            "",
            f"  {loop_text(way)}",
            "",
            f'{way.sshd} is the sshd of {way.client} as that machine sees it: host = "localhost" in its configuration',
            f'where {way.client} dials in itself. `borgpull status {way.client}` says "tunnel up" once it has.',
        ]
    )


def _key_lines(way: WayIn) -> tuple[str, ...]:
    if way.fingerprint:
        return (f"Its key is known here ({way.fingerprint}); --tunnel-key lets another one in instead.", "")
    return (
        "Let the key that this prints in, here:",
        "",
        f"  borgpull client setup {way.client} --tunnel-key 'ssh-ed25519 AAAA…'",
        "",
    )
