"""The way on which a Borg on the client reaches the `borg serve` of this container."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from appliance.pull.failure import Failure
    from appliance.pull.watch import Heard


def _nothing_to_explain(_heard: Heard) -> None:
    """Borg's own words say it all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way that is open on our side.

    `rsh` is what Borg on the client calls in place of ssh, `files` what must be in the run's folder there for it,
    `ssh_options` what our own ssh to the client needs, `checks` what its shell must find right before it starts Borg.
    `explain` says why Borg failed where the way was at fault; `end` closes our side and waits until `borg serve` is
    gone.
    """

    rsh: str
    files: Mapping[str, str]
    ssh_options: Mapping[str, object]
    end: Callable[[], None]
    checks: tuple[str, ...] = ()
    explain: Callable[[Heard], Failure | None] = _nothing_to_explain
