"""The habits of clients that may sleep, as the journal knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.config.model import MachineClient, Reach
from appliance.plan.habits import Habit, learn

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.config.model import Client
    from appliance.ports import Journal

# Some weeks: a machine that is away is asked up to 72 times a day.
_REMEMBERED = 1000


class Habits:
    """Learned anew at each decision about such a client: that is once a run, and costs some milliseconds."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def of(self, client: Client, zone: ZoneInfo) -> Habit:
        """Return the client's habit; nothing is known of one that should always be there. Raises StateError."""
        if not isinstance(client, MachineClient) or client.offline != "skip" or client.reach is Reach.DIAL_IN:
            return Habit()
        return learn(self._journal.history(client.name, limit=_REMEMBERED), zone)
