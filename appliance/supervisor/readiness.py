"""New clients that cannot run yet: a key to install, a host key to pin. They wait, which is no failure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan.launch_gates import secrets_gate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from appliance.config.model import Appliance, Client
    from appliance.ports import ClientHistory
    from appliance.run import Volumes
    from appliance.supervisor.choices import Choices

_LOOK_EVERY = timedelta(seconds=10)


class Readiness:
    """Holds back the first run of a client until it is set up; `waiting` says what each one waits for."""

    def __init__(self, volumes: Volumes, choices: Choices) -> None:
        self.waiting: dict[str, str] = {}
        self._volumes = volumes
        self._choices = choices

    def is_ready(self, appliance: Appliance, name: str, histories: Mapping[str, ClientHistory], now: datetime) -> bool:
        """Whether it may be started by schedule; one that ever ran is judged by its gates."""
        client = appliance.client(name)
        if client is None or name in histories:
            return True
        missing = self._missing(client)
        if not missing:
            self.waiting.pop(name, None)
            return True
        self.waiting[name] = missing
        self._choices.postpone(name, now + _LOOK_EVERY, missing)
        return False

    def _missing(self, client: Client) -> str:
        try:
            refusal = secrets_gate(client, self._volumes.survey(client.name))
        except StateError as error:
            # Of one client's files alone: all the others are to be pulled meanwhile.
            return str(error)
        return refusal.sentence if refusal else ""

    def forget_strangers(self, appliance: Appliance | None) -> None:
        """Drop what was said of clients that are configured no more."""
        self.waiting = {name: text for name, text in self.waiting.items() if appliance and appliance.client(name)}
