"""Crash after crash, each followed by a pull that must work by itself, and the count of what did not hold."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.torture.crashes import crashes
from tests.torture.oracles import Findings, after_the_crash, after_the_next_pull, at_the_end
from tests.torture.rig import Rig
from tests.torture.strike import strike

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.harness.lab import Lab
    from tests.torture.crashes import Crash

# A look at all bytes of all archives takes as long as the rest; what is new is always looked at.
_THOROUGH_EVERY = 10
# The lab's machines switch themselves off after six hours.
_A_RIG_LASTS = 50


@dataclass
class Tally:
    """How many crashes there were, how many were survived, and all that was found."""

    crashes: int = 0
    survived: int = 0
    found: Findings = field(default_factory=Findings)

    @property
    def is_good(self) -> bool:
        """Whether everything was survived and nothing found."""
        return self.survived == self.crashes and not self.found.all

    def __str__(self) -> str:
        lost, left = len(self.found.lost), len(self.found.left)
        return f"faults survived {self.survived} / archives lost {lost} / things left behind {left}"


def torture(lab: Lab, seed: int, count: int, say: Callable[[str], None]) -> Tally:
    """Do so many crashes of the seed, telling of each; whatever is found, the next one has a rig in order."""
    tally = Tally()
    rig: Rig | None = None
    plan = crashes(seed, count)
    for number, crash in enumerate(plan, 1):
        begun = time.monotonic()
        rig = rig or Rig.set_up(lab)
        found = _one(rig, crash, thorough=number % _THOROUGH_EVERY == 0)
        if number % _A_RIG_LASTS == 0 or number == count:
            found.add(_attempted(lambda rig=rig: at_the_end(rig)))  # type: ignore[misc]  # called at once
        tally.crashes += 1
        tally.survived += not found.all
        tally.found.add(found)
        verdict = "; ".join(found.all) or "survived"
        say(f"{number:4}/{count} {crash}: {verdict} ({time.monotonic() - begun:.0f} s)")
        if found.all:
            say(rig.appliance.log()[-3000:])
        if found.all or number % _A_RIG_LASTS == 0:
            rig.tear_down()
            rig = None
    return tally


def _one(rig: Rig, crash: Crash, *, thorough: bool) -> Findings:
    def crashed() -> Findings:
        before = strike(rig, crash)
        if before is None:
            return Findings(untrue=["nothing was there to be struck"])
        found = after_the_crash(rig, crash, before)
        found.add(after_the_next_pull(rig, crash, thorough=thorough))
        return found

    return _attempted(crashed)


def _attempted(look: Callable[[], Findings]) -> Findings:
    """Look; where that itself does not end well, that is what was found."""
    try:
        return look()
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        return Findings(untrue=[f"{type(error).__name__}: {error}"])
