"""Which crashes a seed means: what is struck, in which operation, and at which moment of it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from appliance.record import Operation


class Fault(StrEnum):
    """What ends in the middle of its work, as by kill -9; how it is done stands in strike.py."""

    BORG = "Borg"
    FILE_SYSTEM = "the file system"
    SSH = "the ssh below the file system"
    CONTROLLER = "the unprivileged half"
    PID_1 = "PID 1 of the pull container"
    CONTAINER = "the pull container, removed"
    SUPERVISOR = "the supervisor"
    POWER = "supervisor and pull container at once"
    CLIENT = "the client, switched off and on"
    CONNECTION = "the connection, cut"
    SILENCE = "the connection, frozen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """One fault in one operation; `moment` is the share of the operation's usual duration that is over by then."""

    fault: Fault
    operation: Operation
    moment: float
    content: int

    def __str__(self) -> str:
        return f"{self.operation} at {self.moment:.0%}: {self.fault}"


# A prune meets no client.
_IN_PRUNE = (Fault.BORG, Fault.PID_1, Fault.CONTAINER, Fault.SUPERVISOR, Fault.POWER)
_DECK = (
    *((fault, Operation.CREATE) for fault in Fault),
    *((fault, Operation.PRUNE) for fault in _IN_PRUNE),
)
# The source is closed while the archive still gets its name.
_THERE_UNTIL = {Fault.FILE_SYSTEM: 0.7, Fault.SSH: 0.7}


def crashes(seed: int, count: int) -> list[Crash]:
    """Return the first crashes of the seed; each kind comes once before any comes twice."""
    chance = random.Random(seed)  # noqa: S311 - the same crashes for the same seed is the point
    found: list[Crash] = []
    while len(found) < count:
        for fault, operation in chance.sample(_DECK, len(_DECK)):
            moment, content = chance.random() * _THERE_UNTIL.get(fault, 1.0), chance.getrandbits(32)
            found.append(Crash(fault=fault, operation=operation, moment=moment, content=content))
    return found[:count]
