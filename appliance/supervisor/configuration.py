"""The configuration in force: read again when its files change, and kept when the new one does not hold."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from appliance.errors import ConfigError
from appliance.plan import known_clients
from appliance.plan.known_clients import IN_FORCE, KNOWN_CLIENTS, NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.config.model import Appliance
    from appliance.ports import Clock, Facts

_LOG = logging.getLogger(__name__)


class Configuration:
    """Reads by `load` whenever `fingerprint` changes. `appliance` is None until one configuration held."""

    def __init__(
        self, *, load: Callable[[], Appliance], fingerprint: Callable[[], str], facts: Facts, clock: Clock
    ) -> None:
        self.appliance: Appliance | None = None
        self._load = load
        self._fingerprint = fingerprint
        self._facts = facts
        self._clock = clock
        self._seen: str | None = None

    def refresh(self) -> bool:
        """Look whether the files changed; return whether another configuration is in force now."""
        found = self._fingerprint()
        if found == self._seen:
            return False
        try:
            appliance = self._load()
            known_clients.insist_not_emptied(appliance, self._facts.fact(KNOWN_CLIENTS))
        except ConfigError as error:
            self._tell([str(problem) for problem in error.problems])
            self._seen = found
            kept = "the last good configuration stays in force" if self.appliance else "nothing runs until it holds"
            _LOG.error("%s\n%s", error, kept)
            return False
        self._facts.set_fact(KNOWN_CLIENTS, known_clients.to_json(appliance, found))
        self._facts.set_fact("config_loaded", self._clock.now().isoformat())
        self._tell([])
        # Only now: a journal that cannot be written must not make us forget to look again.
        self._seen = found
        self.appliance = appliance
        _LOG.info("configuration loaded: %d clients", len(appliance.clients))
        return True

    def look_again(self) -> None:
        """Read the files at the next refresh even if they look unchanged."""
        self._seen = None

    def _tell(self, problems: list[str]) -> None:
        self._facts.set_fact("config_problems", json.dumps(problems))
        self._facts.set_fact(IN_FORCE, NOTHING if problems and self.appliance is None else "one that holds")
