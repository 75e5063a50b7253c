"""What the command line asks of the supervisor, and the answers it gets."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.errors import StateError
from appliance.plan.due import Due
from appliance.plan.places import container_name
from appliance.record import Operation, Request, RequestKind, Trigger

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.config.model import Appliance
    from appliance.ports import Requests
    from appliance.supervisor.workers import Workers

# Who asked while no supervisor ran has given up by now, and does not expect a run in the middle of the day.
_STALE = timedelta(minutes=5)


class Inbox:
    """The open requests. Each is answered exactly once: by a run's id, or by a refusal."""

    def __init__(self, requests: Requests, opened: datetime) -> None:
        self._requests = requests
        self._opened = opened
        self._newest = self._noted = 0
        # The newest request that was there before anybody looked; None until then.
        self._found: int | None = None

    def note(self) -> None:
        """Take note of what was asked so far; runs asked for later wait for the next time. Raises StateError.

        To be called before the configuration is looked at: whoever writes a file and then asks for a run is never
        answered by what stood there before.
        """
        self._noted = self._newest_open()

    def is_anybody_waiting(self) -> bool:
        """Whether a request came that nobody has looked at yet; one that waits for a slot does not count."""
        try:
            newest = self._newest_open()
        except StateError:
            return False
        is_new, self._newest = newest > self._newest, max(newest, self._newest)
        return is_new

    def is_a_run_asked_for(self) -> bool:
        """Whether a run was asked for and not answered yet; raises StateError."""
        return bool(self._runs_noted())

    def stop_what_is_asked(self, workers: Workers) -> None:
        """Answer every request to stop."""
        for request in self._open(RequestKind.STOP):
            run_id = workers.stop(request.client)
            refusal = "" if run_id else f"{request.client} is not running"
            self._requests.answer(request.request_id, run_id=run_id, refusal=refusal)

    def runs_asked_for(
        self, appliance: Appliance | None, workers: Workers, engine_trouble: str
    ) -> dict[str, tuple[Due, Request]]:
        """Return the runs asked for, by client, refusing those that cannot be; one without a free slot stays open."""
        found: dict[str, tuple[Due, Request]] = {}
        for request in self._runs_noted():
            if _is_tidied(request.client, appliance, workers):
                # Whoever saw the last run end may ask for the next one; it begins in a moment.
                continue
            refusal = self._refusal(request, appliance, workers, engine_trouble)
            if not refusal and request.client in found:
                refusal = f"{request.client} has been asked for already and is about to start"
            if refusal:
                self._requests.answer(request.request_id, refusal=refusal)
                continue
            due = Due(
                client=request.client,
                trigger=Trigger.OPERATOR,
                since=request.created,
                reason="asked for by an operator",
            )
            found[request.client] = (due, request)
        return found

    def _newest_open(self) -> int:
        return max((request.request_id for request in self._requests.open_requests()), default=0)

    def _runs_noted(self) -> list[Request]:
        return [request for request in self._open(RequestKind.RUN) if request.request_id <= self._noted]

    def _open(self, kind: RequestKind) -> list[Request]:
        requests = self._requests.open_requests()
        if self._found is None:
            self._found = max((request.request_id for request in requests), default=0)
        return [request for request in requests if request.kind is kind]

    def _is_stale(self, request: Request) -> bool:
        # What came since has been seen coming, whatever its time: the clock may have been ahead at the start.
        was_there = self._found is None or request.request_id <= self._found
        return was_there and self._opened - request.created > _STALE

    def _refusal(self, request: Request, appliance: Appliance | None, workers: Workers, engine_trouble: str) -> str:
        if self._is_stale(request):
            return "no supervisor ran when this was asked for; ask again"
        if appliance is None:
            return "the configuration does not hold; `borgpull config check` says why"
        destination = request.restore.destination if request.restore else ""
        client, other = appliance.client(request.client), appliance.client(destination or request.client)
        if client is None or other is None:
            return f"there is no client {request.client if client is None else destination} in the configuration"
        if request.operation is Operation.PRUNE and client.keep is None:
            return f"{client.name} has no `keep`, so every archive is kept; set keep = {{ daily = 7 }}, say, to prune"
        if request.client in workers:
            return f"{request.client} is running already; `borgpull status` shows how far it is"
        return engine_trouble


def _is_tidied(client: str, appliance: Appliance | None, workers: Workers) -> bool:
    """Whether what is left of the client's last run is being removed."""
    container = container_name(appliance.settings.name, client) if appliance else ""
    return workers.is_tidying(client) or workers.is_removing(container)
