"""What a client's state depends on in the configuration, as the supervisor leaves it for commands that are asked often.

To read a thousand clients takes longer than all the rest of `borgpull status`, and so do the libraries that check them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.config.folder import CLIENT_FILES, MAIN
from appliance.errors import ConfigError, Problem
from appliance.plan.age import is_too_old
from appliance.record import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.config.model import Appliance, Client
    from appliance.ports import Standing

# The fact under which it stands in the journal.
KNOWN_CLIENTS = "known_clients"
_NAMED = 3
# The fact that says whether the supervisor has any configuration that holds: not when it began with a wrong one.
IN_FORCE = "config_in_force"
NOTHING = "nothing"
# The fact that says what the supervisor cannot do by a fault of ours; "" while it can do all of it.
FAULT = "fault"
# How a client stands of which then nobody makes a backup, however good its last one was.
UNWATCHED = "unwatched"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownClient:
    """A client of a configuration that holds. `overdue_after` is how old its last good archive may grow."""

    name: str
    method: str
    names: str
    reach: str
    enabled: bool
    overdue_after: timedelta

    @classmethod
    def of(cls, client: Client) -> KnownClient:
        """Take it from the configuration."""
        return cls(
            name=client.name,
            method=client.method,
            names=str(client.names),
            reach=str(client.reach),
            enabled=client.enabled,
            overdue_after=client.overdue_after,
        )


def to_json(appliance: Appliance, fingerprint: str) -> str:
    """Write them down, with the fingerprint of the files that they were read from."""
    known = map(KnownClient.of, appliance.clients)
    rows = [[c.name, c.method, c.names, c.reach, c.enabled, c.overdue_after.total_seconds()] for c in known]
    return json.dumps({"fingerprint": fingerprint, "has_settings": not appliance.is_main_blank, "clients": rows})


def from_json(text: str | None, fingerprint: str | None) -> tuple[KnownClient, ...] | None:
    """Read them back; None for those of other files than these, and for what another version has written.

    Without a fingerprint they may be of any files: what was the last to hold.
    """
    try:
        found = json.loads(text or "{}")
        if fingerprint is not None and found.get("fingerprint") != fingerprint:
            return None
        return tuple(
            KnownClient(
                name=name,
                method=method,
                names=names,
                reach=reach,
                enabled=enabled,
                overdue_after=timedelta(seconds=seconds),
            )
            for name, method, names, reach, enabled, seconds in found["clients"]
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def insist_not_emptied(appliance: Appliance, told: str | None) -> None:
    """Raise ConfigError where borgpull.toml has no key any more, and `told`, the last that held, had some or clients.

    An editor empties a file before it writes it: a full disk must not end every backup, nor every alarm, nor let what
    `keep` holds go.
    """
    if not appliance.is_main_blank:
        return
    if appliance.clients:
        if _had_settings(told):
            raise ConfigError([Problem(MAIN, "", _EMPTIED)])
        return
    names = _names(told)
    if names:
        first = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
        count = "was one" if len(names) == 1 else f"were {len(names)}"
        sentence = (
            f"is empty and {CLIENT_FILES} holds no client, where so far there {count} ({first}): a file that "
            "was cut off while it was saved looks so. Write their text again; if there is to be no client any more, "
            "write [appliance] into it"
        )
        raise ConfigError([Problem(MAIN, "", sentence)])


_EMPTIED = (
    "is empty, where so far it was not: a file that was cut off while it was saved looks so. Write its text again; if "
    "it is to say nothing any more, write [appliance] into it"
)


def _had_settings(told: str | None) -> bool:
    try:
        return bool(json.loads(told or "{}")["has_settings"])
    except (ValueError, TypeError, KeyError):
        return False


def _names(told: str | None) -> list[str]:
    try:
        return [str(row[0]) for row in json.loads(told or "{}")["clients"]]
    except (ValueError, TypeError, KeyError, IndexError):
        return []


def client_state(client: KnownClient, standing: Standing | None, *, running: bool, now: datetime) -> str:
    """Say in one word how the client stands: disabled, running, never, failing, overdue or ok."""
    if not client.enabled:
        return "disabled"
    if running:
        return "running"
    if standing is None:
        return "never"
    outcome = standing.outcome
    tried = outcome is not Outcome.SKIPPED
    if standing.consecutive_failures or (tried and outcome is not None and not outcome.is_good):
        return "failing"
    if standing.good_started is None:
        return "never"
    return "overdue" if is_too_old(standing.good_started, now, client.overdue_after) else "ok"
