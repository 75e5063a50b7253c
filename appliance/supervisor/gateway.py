"""Keeps the gateway: its container while clients dial in, who may dial in, and what is known of their tunnels."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from appliance.errors import EngineError, NameTakenError, StateError
from appliance.plan import places
from appliance.plan.tunnel_report import DOWN, UP, is_up
from appliance.plan.tunnels import admissions, dials_in, expected, gateway_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from appliance.config.model import Appliance
    from appliance.plan.tunnel_report import TunnelReport
    from appliance.plan.tunnels import Tunnel
    from appliance.ports import ContainerSpec, ContainerState, Engine
    from appliance.run import Tunnels

_LOG = logging.getLogger(__name__)
_PAUSES = (timedelta(seconds=5), timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5))
# A gateway that ran so long did not die of the way it was started.
_STEADY = timedelta(minutes=1)
_PORT_TAKEN = ("already allocated", "already in use")


class Gateway:
    """One for the appliance. `image` is the id of the image it would be started from now. Nothing here raises."""

    def __init__(self, engine: Engine, tunnels: Tunnels, appliance_id: str, image: Callable[[], str]) -> None:
        self.trouble = ""
        self.up: frozenset[str] = frozenset()
        self._engine = engine
        self._files = tunnels
        self._appliance_id = appliance_id
        self._image = image
        self._tunnels: Mapping[str, Tunnel] = {}
        self._failures = 0
        self._again: datetime | None = None
        self._started: datetime | None = None
        self._last_words: TunnelReport | None = None

    def port(self, client: str) -> int | None:
        """Return the gateway's port of a client; None when it has none."""
        tunnel = self._tunnels.get(client)
        return tunnel.port if tunnel else None

    def look(self, appliance: Appliance, now: datetime) -> frozenset[str]:
        """See which tunnels are open; return the clients whose tunnel was not at the last look."""
        clients = expected(appliance)
        report = self._report() if clients else None
        up = frozenset(client.name for client in clients if is_up(report, self.port(client.name), now))
        fresh, self.up = up - self.up, up
        return fresh

    def tell(self, appliance: Appliance) -> dict[str, str]:
        """Say of each client that dials in whether its tunnel is up."""
        return {one.name: UP if one.name in self.up else DOWN for one in appliance.clients if dials_in(one)}

    def keep(
        self,
        appliance: Appliance,
        there: Sequence[ContainerState] | None,
        now: datetime,
        *,
        busy: Collection[str],
        carrying: Collection[str],
    ) -> None:
        """Bring container and door to what the configuration asks for.

        `there` are the containers of gateways that the engine knows, None when it does not tell; `busy` the clients
        whose machines a run in progress reaches, and `carrying` the gateways through which a container reaches one:
        they would lose their way if the gateway were replaced just now.
        """
        # The door first: whoever may not dial in any more loses his tunnel even while the engine is in trouble.
        if not self._keep_door(appliance) or there is None:
            return
        if self._again is not None and timedelta(0) < self._again - now <= _PAUSES[-1]:
            return
        carries = any(one.name in busy for one in expected(appliance))
        carries |= places.gateway_name(appliance.settings.name) in carrying
        try:
            self._settle(appliance, there, now, carries=carries)
        except (EngineError, StateError) as error:
            self._pause(_sentence(error, appliance), now)
        else:
            if self._started is not None and now - self._started > _STEADY:
                self._failures = 0

    def _report(self) -> TunnelReport | None:
        """Return what the gateway says, and nothing of what one said that is no more: its tunnels died with it."""
        report = self._files.report()
        return None if report == self._last_words else report

    def _keep_door(self, appliance: Appliance) -> bool:
        if not expected(appliance):
            return True
        try:
            self._tunnels = self._files.tunnels()
            self._files.open_door(admissions(appliance, self._tunnels))
        except StateError as error:
            self._complain(str(error))
            return False
        return True

    def _settle(self, appliance: Appliance, there: Sequence[ContainerState], now: datetime, *, carries: bool) -> None:
        spec = self._spec(appliance)
        own = next((state for state in there if spec is not None and state.name == spec.name), None)
        for state in there:
            if state is not own:
                _LOG.info("removing the gateway %s: nobody dials in there any more", state.name)
                self._engine.remove(state.name)
        if spec is None:
            self.trouble = ""
            return
        if own is None or not own.running:
            self._last_words = self._files.report()
        if own is not None and own.running:
            self.trouble = ""
            if own.labels.get(places.LABEL_GATEWAY) == spec.labels[places.LABEL_GATEWAY] or carries:
                return
            _LOG.info("replacing the gateway %s: its settings or the image changed", spec.name)
        elif own is not None:
            said = self._engine.log(spec.name).strip().splitlines()
            self._engine.remove(spec.name)
            # Started again after a pause that grows, should it end at once each time.
            last = said[-1] if said else "nothing"
            self._pause(f"the gateway ended by itself (exit code {own.exit_code}); the last it said: {last}", now)
            return
        if own is not None:
            self._end(spec.name)
        _LOG.info("starting the gateway %s", spec.name)
        self._engine.start(spec)
        self._started = now
        self.trouble = ""

    def _end(self, name: str) -> None:
        """Remove a gateway that runs; its clients dial in at the next one."""
        try:
            self._engine.remove(name)
        finally:
            # It reported to its very end. One that the engine could not remove says something newer within a second.
            self._last_words = self._files.report()

    def _spec(self, appliance: Appliance) -> ContainerSpec | None:
        if not expected(appliance):
            return None
        try:
            return gateway_spec(appliance, appliance_id=self._appliance_id, image=self._image())
        except ValueError as error:
            raise StateError(str(error)) from error

    def _complain(self, sentence: str) -> None:
        if sentence != self.trouble:
            _LOG.warning("%s", sentence)
        self.trouble = sentence

    def _pause(self, sentence: str, now: datetime) -> None:
        self._complain(sentence)
        self._again = now + _PAUSES[min(self._failures, len(_PAUSES) - 1)]
        self._failures += 1


def _sentence(error: EngineError | StateError, appliance: Appliance) -> str:
    address = appliance.settings.gateway
    if isinstance(error, NameTakenError):
        return f"{error}, and it is not the gateway of this appliance; remove or rename it"
    if address is not None and any(words in str(error) for words in _PORT_TAKEN):
        return (
            f"the gateway cannot be started: port {address.port} of the Docker host is taken; free it, or write "
            'another one into [appliance] gateway = "HOST:PORT"'
        )
    return str(error)
