"""Which way a plan's method takes from a Borg on the client to the `borg serve` of this container."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from appliance.pull.methods.remote_forward import remote_forward
from appliance.pull.methods.socat import socat
from appliance.pull.methods.ssh_agent import ssh_agent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.contact import Contact
    from appliance.pull.methods.channel import Channel
    from appliance.pull.methods.workplace import Workplace
    from appliance.pull.voice import Voice


@contextmanager
def channel(plan: RunPlan, workplace: Workplace, contact: Contact, voice: Voice) -> Iterator[Channel]:
    """Open the way of the plan's method for as long as the block lasts; raises Failure."""
    match plan.method:
        case "socat":
            with socat(plan, workplace) as opened:
                yield opened
        case "ssh-agent":
            with ssh_agent(plan, workplace, voice) as opened:
                yield opened
        case "remote-forward":
            with remote_forward(plan, workplace, contact.control()) as opened:
                yield opened
        case method:
            raise ValueError(f"method {method} has no channel")
