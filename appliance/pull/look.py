"""A look at a client before anything is decided: what SFTP shows, and what its shell says where the key may ask it.

Nothing is written there. Every word of it is the client's: bounded, and judged by whoever reads it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from appliance.plan.events import Result
from appliance.plan.filesystems import is_local
from appliance.plan.offer import MountPoint, Offer, read_mounts
from appliance.pull import look_by_sftp, look_by_shell
from appliance.pull.control import connected
from appliance.pull.failure import Failure
from appliance.pull.login import KeyRefused
from appliance.pull.look_words import LONGEST_WORD, system_of
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.control import Control
    from appliance.pull.voice import Voice

_MOST_MOUNTS = 500
# The usual sentence sends the operator to `client setup`, which knows only clients that are configured.
_NOT_LET_IN = (
    "{0}:{1} is there and does not let this key in as {2}: is the line in the authorized_keys of that user, whole and "
    "on one line, and does its sshd let {2} in by key (`PermitRootLogin`, `AllowUsers`, the home's owner and mode)?"
)


def look(plan: RunPlan, voice: Voice) -> Result:
    """Log in and tell what there is, as one Offer; raises Failure where nobody is let in."""
    try:
        with connected(plan) as control:
            voice.data(_seen(control).to_json())
    except KeyRefused as failure:
        if plan.jump:
            raise
        raise Failure(Reason.AUTH, _NOT_LET_IN.format(plan.host, plan.port, plan.user)) from failure
    return Result(outcome=Outcome.SUCCESS)


def _seen(control: Control) -> Offer:
    by_shell = look_by_shell.told(control)
    trouble, by_sftp = "", {}
    try:
        by_sftp = look_by_sftp.seen(control.sftp())
    except Failure as failure:
        if failure.reason is not Reason.NO_SFTP:
            raise
        trouble = failure.message
    known: dict[str, Any] = {"mounts": (), **by_shell, **by_sftp}
    known["tools"] = by_shell.get("tools", frozenset()) | by_sftp.get("tools", frozenset())
    if not trouble:
        known["mounts"] = read_mounts(control.read_small("/proc/self/mounts") or "") or known["mounts"]
        known["system"] = system_of(control.read_small("/etc/os-release") or "") or known.get("system", "")
    known["mounts"] = _measured(control, known["mounts"][:_MOST_MOUNTS], by_sftp=not trouble)
    return Offer(server=control.server[:LONGEST_WORD], sftp_trouble=trouble, **known)


def _measured(control: Control, mounts: tuple[MountPoint, ...], *, by_sftp: bool) -> tuple[MountPoint, ...]:
    local = tuple(one.point for one in mounts if is_local(one))
    sizes = look_by_sftp.sizes(control.sftp(), local) if by_sftp else look_by_shell.sizes(control, local)
    measured = ((one, sizes.get(one.point, (None, None))) for one in mounts)
    return tuple(replace(one, size=size, used=used) for one, (size, used) in measured)
