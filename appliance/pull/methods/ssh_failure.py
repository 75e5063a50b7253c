"""Why a command over ssh failed where the fault is that of ssh or of the client's shell, and not of the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.pull.failure import Failure
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.watch import Heard

SSH_FAILED = 255
_CANNOT_RUN = (126, 127)


def ssh_failure(plan: RunPlan, heard: Heard) -> Failure | None:
    """Return the failure, or None where Borg itself ended and its own code counts."""
    if heard.code in _CANNOT_RUN:
        said = heard.last_error[:200] or f"exit {heard.code}"
        return Failure(Reason.CLIENT_TOOLS, f"Borg could not be started on {plan.client} ({said}).", code=heard.code)
    if heard.code != SSH_FAILED:
        return None
    said = " ".join(heard.last_error.split())[:300]
    reason, sentence = Reason.CONNECTION_LOST, f"The connection to {plan.client} broke; nothing was kept."
    if "forwarding failed" in said or "forwarding is disabled" in said:
        reason = Reason.FORWARDING
        sentence = (
            f"The sshd of {plan.client} refuses the forwarding that method {plan.method} needs: allow it in "
            f"sshd_config (AllowTcpForwarding, AllowStreamLocalForwarding, DisableForwarding) and in the key's line "
            f"(`borgpull client setup {plan.client}`)."
        )
    elif "Host key verification failed" in said:
        reason, sentence = Reason.HOST_KEY, f"{plan.client} or a machine on the way shows another host key."
    elif "Permission denied" in said:
        reason, sentence = Reason.AUTH, f"{plan.client} or a machine on the way refuses the key."
    return Failure(reason, f"{sentence} (ssh says: {said or 'nothing'})", code=heard.code)
