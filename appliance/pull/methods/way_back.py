"""What the client's own ssh is given for its way back to the sshd of a run: pinned, and blind to all else there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.borg import exits
from appliance.plan import places
from appliance.pull.failure import Failure
from appliance.pull.methods.sshd import USER
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.methods.workplace import Workplace
    from appliance.pull.watch import Heard

# Borg's words for an ssh that ended before anything was said; of 1.2 as of 1.4.
_CLOSED = ("Connection closed by remote host", "connection closed by remote host", "ConnectionClosed")
_FROM_SSH = "Remote: "
_CONNECT_SECONDS = 20


def insist_on_openssh(plan: RunPlan, workplace: Workplace) -> None:
    """Raise Failure unless the client has OpenSSH's own ssh: others know neither its files nor its agent."""
    if "ssh" in workplace.tools and workplace.ssh.startswith("OpenSSH"):
        return
    found = f"its ssh is {workplace.ssh[:60]!r}" if "ssh" in workplace.tools else "there is no ssh"
    raise Failure(
        Reason.CLIENT_TOOLS,
        f"{plan.client} needs OpenSSH's client for method {plan.method} ({found} for user {plan.user}); install "
        'openssh-client there, or use method = "socat", which needs none.',
    )


def rsh(workplace: Workplace) -> str:
    """Return what Borg on the client calls in place of ssh."""
    return f"ssh -F {workplace.folder}/config"


def files(plan: RunPlan, workplace: Workplace, options: Mapping[str, object], host_key: str) -> dict[str, str]:
    """Return ssh's configuration and the pinned key of our sshd; `options` say where it is and who asks.

    With a file of its own ssh reads neither the user's nor the system's; nothing newer than OpenSSH 7.3 stands in it.
    """
    everything: dict[str, object] = {
        "User": USER,
        "HostKeyAlias": places.REMOTE_HOST,
        "UserKnownHostsFile": f"{workplace.folder}/known_hosts",
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "IdentitiesOnly": "yes",
        "PreferredAuthentications": "publickey",
        "BatchMode": "yes",
        "ConnectTimeout": min(_CONNECT_SECONDS, plan.connection_timeout),
        "ServerAliveInterval": max(1, plan.connection_timeout // 3),
        "ServerAliveCountMax": 3,
        "Compression": "no",
        "ControlMaster": "no",
        "ClearAllForwardings": "yes",
        "ForwardAgent": "no",
        "PermitLocalCommand": "no",
        "RequestTTY": "no",
        "Ciphers": "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com",
        "LogLevel": "ERROR",
        **options,
    }
    config = [f"Host {places.REMOTE_HOST}", *(f"    {key} {value}" for key, value in everything.items()), ""]
    return {"config": "\n".join(config), "known_hosts": f"{places.REMOTE_HOST} {host_key}\n"}


def never_arrived(heard: Heard) -> str | None:
    """Return what ssh said on the client where Borg could not talk to us at all; None where it is another trouble."""
    if heard.code == 0 or exits.is_warning(heard.code):
        return None
    messages = [*(said.message for said in heard.warnings), heard.last_error]
    kinds = [said.message_id for said in heard.warnings]
    if not any(word in text for text in (*messages, *kinds) for word in _CLOSED):
        return None
    said = [text.partition(_FROM_SSH)[2].strip() for text in messages if _FROM_SSH in text]
    return " ".join(" ".join(said[-2:]).split())[:300] or "nothing"
