"""The way on which a Borg on the client reaches the `borg serve` of this container."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from appliance.pull.methods.socat import socat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.methods.workplace import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way that is open on our side.

    `rsh` is what Borg on the client calls in place of ssh, `files` what must be in the run's folder there for it,
    `ssh_options` what our own ssh to the client needs, `end` closes our side and waits until `borg serve` is gone.
    """

    rsh: str
    files: Mapping[str, str]
    ssh_options: Mapping[str, object]
    end: Callable[[], None]
    facts: tuple[str, ...] = field(default=())


@contextmanager
def channel(plan: RunPlan, workplace: Workplace) -> Iterator[Channel]:
    """Open the way of the plan's method for as long as the block lasts; raises Failure."""
    match plan.method:
        case "socat":
            with socat(plan, workplace) as opened:
                yield opened
        case method:
            raise ValueError(f"method {method} has no channel")
