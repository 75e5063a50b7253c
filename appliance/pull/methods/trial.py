"""Trying the way of a method as far as a session of `borg serve` in which nothing is asked and nothing is written."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.pull import execute
from appliance.pull.failure import Failure
from appliance.pull.methods.ssh_failure import ssh_failure
from appliance.pull.ssh_config import CLIENT
from appliance.pull.watch import Heard
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.methods.channel import Channel
    from appliance.pull.methods.workplace import Workplace

_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "SSH_AUTH_SOCK": str(places.AGENT_SOCKET)}
_LEAST_SECONDS = 60
# Ours alone: ssh on the client ends with 255 as our own does, and only one of the two came as far as the client.
_NO_WAY_BACK = 97
# Borg's code and words for an ssh that ended before anything was said, which the channels explain.
_CLOSED = 81
_AS_BORG_SAYS = "Connection closed by remote host. Remote: {}"


def try_way(plan: RunPlan, workplace: Workplace, opened: Channel) -> None:
    """Go there by ssh with all that it has to forward, and come back to `borg serve`; raises Failure."""
    argv = ("ssh", "-F", str(places.SSH_CONFIG), CLIENT, trial_command(workplace, opened))
    finished = execute.run(argv, _ENVIRONMENT, timeout_seconds=max(_LEAST_SECONDS, plan.connection_timeout))
    if finished.code == 0:
        return
    said = " ".join(finished.stderr.split())[-300:] or f"exit {finished.code}"
    if finished.code == _NO_WAY_BACK:
        heard = Heard(code=_CLOSED, last_error=_AS_BORG_SAYS.format(said))
    else:
        heard = Heard(code=finished.code, last_error=said)
    failure = opened.explain(heard) or ssh_failure(plan, heard)
    raise failure or Failure(
        Reason.CONNECTION_LOST, f"{plan.client} does not get back to `borg serve` here ({said}).", code=finished.code
    )


def trial_command(workplace: Workplace, opened: Channel) -> str:
    """Return what the client's shell runs: what Borg there would call in place of ssh, with nothing to say."""
    script = "; ".join(
        [
            "cd / || exit 126",
            "umask 077",
            f"export PATH={shlex.quote(workplace.path)}",
            *opened.checks,
            f"{opened.rsh} {places.REMOTE_HOST} borg serve </dev/null || exit {_NO_WAY_BACK}",
        ]
    )
    return f"exec /bin/sh -c {shlex.quote(script)}"
