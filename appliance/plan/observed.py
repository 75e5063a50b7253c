"""What alarms are decided from, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from appliance.config.model import Appliance
    from appliance.plan.escrow import Outdated
    from appliance.ports import ClientHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The volume of the repositories: bytes free for the appliance, and its size."""

    free: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What alarms are decided from.

    `histories` are those of every operation; `first_seen` is since when each client has been in the configuration,
    `exported` are the clients whose key was exported, `bursts` the sentence of the change gate for each client it
    holds, `damaged` the sentences of what checks found. `room` is None where nobody could look. `escrow` is None while
    the newest bundle lacks nothing, or there is none.
    """

    appliance: Appliance
    histories: Iterable[ClientHistory]
    first_seen: Mapping[str, datetime] = field(default_factory=dict)
    exported: frozenset[str] = frozenset()
    bursts: Mapping[str, str] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)
    room: Room | None = None
    escrow: Outdated | None = None
    config_problems: tuple[str, ...] = ()
    engine_trouble: str = ""
