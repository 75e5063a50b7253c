"""Who holds Borg's locks, read from the names and rosters that Borg leaves in the repository and the cache."""

from __future__ import annotations

import json

from appliance.borg.command import LOCK_OWNER as _OURS
from appliance.borg.command import lock_prefix


def holders(exclusive_names: tuple[str, ...], roster: str) -> frozenset[str]:
    """Name the lock owners (host ids): from the file names in `lock.exclusive` and the text of `lock.roster`.

    A name is `HOSTID.PID-THREAD`; a roster is JSON `{"exclusive": [[host, pid, thread]], …}` (borg locking.py).
    A roster that cannot be read counts as held by a stranger: what is not understood is not broken.
    """
    owners = {name.rpartition(".")[0] or name for name in exclusive_names}
    if roster.strip():
        try:
            owners |= {str(entry[0]) for entries in json.loads(roster).values() for entry in entries}
        except (ValueError, AttributeError, TypeError, IndexError):
            owners.add("unreadable roster")
    return frozenset(owners)


def are_all_dead(owners: frozenset[str], appliance_id: str, alive: tuple[str, ...]) -> bool:
    """Whether every owner is a run of this appliance that the engine proves to be gone.

    `alive` are the ids of the client's containers that ran when this run was planned. Another host's Borg, and an
    operator's own, is never declared dead.
    """
    prefix = lock_prefix(appliance_id)
    return all(owner.startswith(prefix) and owner.removeprefix(prefix) not in alive for owner in owners)


def belongs_to(owner: str, run_id: str) -> bool:
    """Whether that owner of a lock is this run."""
    return owner.startswith(_OURS) and owner.endswith(f"-{run_id}")
