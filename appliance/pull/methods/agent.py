"""An ssh-agent of this run with one key in it, good for one way and for as long as the run may last."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.pull import execute
from appliance.pull.failure import Failure
from appliance.pull.methods.sshd import USER
from appliance.pull.waiting import wait_until
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.methods.key_pair import KeyPair

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "SSH_AUTH_SOCK": str(places.AGENT_SOCKET)}
_SECONDS = 10
# No client's name has a slash, so this machine is never taken for one.
_US = f"callback/{places.REMOTE_HOST}"
_OUR_HOST_KEY = places.SCRATCH / "callback_known_hosts"
# From here on an agent asks through which machines a request came (OpenSSH's release notes).
_BINDS_SINCE = (8, 9)


@contextmanager
def agent(plan: RunPlan, key: KeyPair, *, host_key: str, bound: bool) -> Iterator[None]:
    """Run the agent for as long as the block lasts; `bound` holds the key to the way to us. Raises Failure."""
    # Its own words would end up among ours.
    process = execute.start(
        ("ssh-agent", "-D", "-a", str(places.AGENT_SOCKET)), _ENVIRONMENT, stdout=execute.PIPE, stderr=execute.PIPE
    )
    try:
        socket = Path(places.AGENT_SOCKET)
        if not wait_until(lambda: socket.is_socket() or process.poll() is not None, seconds=_SECONDS):
            raise Failure(Reason.INTERNAL, "No ssh-agent could be started in the pull container.")
        Path(_OUR_HOST_KEY).write_text(f"{_US} {host_key}\n", encoding="utf-8")
        added = execute.run(add_command(plan, key, bound=bound), _ENVIRONMENT, timeout_seconds=_SECONDS)
        if added.code != 0:
            why = " ".join(added.stderr.split())[-200:]
            raise Failure(Reason.INTERNAL, f"The key of this run could not be given to its agent ({why}).")
        yield
    finally:
        execute.end(process, grace_seconds=_SECONDS)


def add_command(plan: RunPlan, key: KeyPair, *, bound: bool) -> tuple[str, ...]:
    """Return the command that gives the key to the agent.

    Bound, it may be used by whoever came through the client alone, and only to log in to us (ssh-add.1, -h).
    """
    client = places.host_key_alias(plan.client)
    way = ("-H", str(places.KNOWN_HOSTS), "-H", str(_OUR_HOST_KEY), "-h", client, "-h", f"{client}>{USER}@{_US}")
    return ("ssh-add", "-q", "-t", str(plan.timeout), *(way if bound else ()), str(key.private))


def can_be_bound(version: str) -> bool:
    """Whether the client's ssh (what `ssh -V` says) tells the agent where it logs in."""
    found = re.match(r"OpenSSH_(\d+)\.(\d+)", version)
    return found is not None and (int(found[1]), int(found[2])) >= _BINDS_SINCE
