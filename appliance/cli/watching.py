"""Follow what the supervisor does with our requests, until every run has ended or was refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from appliance.cli.surroundings import heartbeat_age, is_alive
from appliance.errors import ExitCode, StateError, SupervisorError
from appliance.record import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appliance.cli.surroundings import Store, Surroundings
    from appliance.record import Progress, Request, RunRecord

_POLL_SECONDS = 0.2
# From good to bad; the exit code of several runs is that of the worst.
_SEVERITY = (Outcome.SUCCESS, Outcome.WARNING, Outcome.SKIPPED, Outcome.INTERRUPTED, Outcome.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The supervisor will not do it, and says why."""

    client: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Asked for, but not started yet: the supervisor has no free place or has not looked."""

    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """Started and not ended."""

    record: RunRecord
    progress: Progress | None

    @property
    def client(self) -> str:
        """Whose run it is."""
        return self.record.client


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Recorded with its outcome."""

    record: RunRecord

    @property
    def client(self) -> str:
        """Whose run it was."""
        return self.record.client


Sight = Waiting | Underway | Ended | Refused
Ending = Ended | Refused


class Audience(Protocol):
    """Whoever wants to see the runs come along."""

    def show(self, sights: Sequence[Sight]) -> None:
        """Show how the runs stand now."""


def follow(world: Surroundings, store: Store, asked: Mapping[str, int], audience: Audience) -> tuple[Ending, ...]:
    """Wait until every request (client to request id) has ended; raises SupervisorError when nobody acts any more."""
    endings: dict[str, Ending] = {}
    while True:
        sights = [endings.get(client) or look(store, client, request) for client, request in asked.items()]
        endings |= {sight.client: sight for sight in sights if isinstance(sight, Ending)}
        audience.show(sights)
        if len(endings) == len(asked):
            return tuple(endings[client] for client in asked)
        if not is_alive(heartbeat_age(store, world.clock.now())):
            raise SupervisorError(
                "the supervisor went away while we watched; a run that has started goes on in its container and is "
                "recorded when the supervisor is back (`docker compose up -d`)"
            )
        world.wait(_POLL_SECONDS)


def look(store: Store, client: str, request_id: int) -> Sight:
    """See how one request stands."""
    request = store.request(request_id)
    if request is None:
        raise StateError(f"the request for {client} vanished from the journal; ask again")
    record = _already_running(store, request) if request.refusal else store.run(request.run_id)
    if record is None and request.refusal:
        return Refused(client=client, sentence=request.refusal)
    if record is None:
        return Waiting(client=client)
    if record.outcome is None:
        return Underway(record=record, progress=store.progress_of(record.run_id))
    return Ended(record=record)


def _already_running(store: Store, request: Request) -> RunRecord | None:
    """Whoever asks for what is running already wants to see that one; not so who accepts what it would refuse.

    And not so who restores: it is another restore that runs.
    """
    if request.accept_shrink or request.restore is not None:
        return None
    return next(
        (
            record
            for record in store.history(request.client, limit=5)
            if record.operation is request.operation and (record.finished is None or record.finished >= request.created)
        ),
        None,
    )


def worst(endings: Sequence[Ending]) -> ExitCode:
    """Return the exit code of the worst ending; a refusal counts as skipped."""
    outcomes = [
        ending.record.outcome or Outcome.INTERRUPTED if isinstance(ending, Ended) else Outcome.SKIPPED
        for ending in endings
    ]
    return max(outcomes, key=_SEVERITY.index, default=Outcome.SUCCESS).exit_code
