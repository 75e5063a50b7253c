"""The state of every client as values and as JSON; nothing here reads or decides about the world."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from appliance.cli.readable import iso
from appliance.plan.known_clients import client_state
from appliance.plan.tunnel_report import DOWN
from appliance.record import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from appliance.plan.known_clients import KnownClient
    from appliance.ports import ClientHistory
    from appliance.record import Operation, Progress, RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientStatus:
    """One line of `borgpull status`. Sizes in bytes; `repository_bytes` is None until a run has measured it.

    `tunnel` is "up" or "down" for a client that dials in, else None. `upkeep` is what is being done beside backups at
    this moment, `kept_up` the last finished run of each such operation: neither has a part in `state`.
    """

    client: str
    method: str
    names: str = ""
    reach: str = ""
    state: str
    last_success: datetime | None = None
    last_outcome: str | None = None
    last_reason: str | None = None
    next_run: datetime | None = None
    archives: int = 0
    repository_bytes: int | None = None
    consecutive_failures: int = 0
    message: str = ""
    tunnel: str | None = None
    progress: Progress | None = None
    upkeep: str | None = None
    kept_up: Mapping[str, RunRecord] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give the object that `status --json` promises."""
        return {
            "client": self.client,
            "method": self.method,
            "names": self.names,
            "reach": self.reach,
            "state": self.state,
            "last_success": iso(self.last_success),
            "last_outcome": self.last_outcome,
            "last_reason": self.last_reason,
            "next_run": iso(self.next_run),
            "archives": self.archives,
            "repository_bytes": self.repository_bytes,
            "consecutive_failures": self.consecutive_failures,
            "message": self.message,
            "tunnel": self.tunnel,
            "progress": progress_json(self.progress),
            "upkeep": self.upkeep,
            "last_upkeep": {operation: _upkeep_json(run) for operation, run in self.kept_up.items()},
        }


def _upkeep_json(run: RunRecord) -> dict[str, Any]:
    return {
        "finished": iso(run.finished),
        "outcome": str(run.outcome) if run.outcome else None,
        "reason": str(run.reason) if run.reason else None,
    }


def progress_json(progress: Progress | None) -> dict[str, Any] | None:
    """Give the progress of a run to programs."""
    if progress is None:
        return None
    return {
        "step": progress.step,
        "files": progress.files,
        "original_size": progress.original_size,
        "deduplicated_size": progress.deduplicated_size,
        "path": progress.path,
        "updated": iso(progress.updated),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the journal tells of one client: `running` is its run in progress, `waits_for` what a due one lacks.

    `tunnel` is "up" or "down" for a client that dials in, None for others and while no supervisor looks. `upkeep` is
    the operation that looks after its repository right now, `kept_up` how those before went: both apart, since what
    they say of the client's backups is nothing.
    """

    history: ClientHistory | None = None
    running: RunRecord | None = None
    progress: Progress | None = None
    next_run: datetime | None = None
    waits_for: str = ""
    tunnel: str | None = None
    upkeep: Operation | None = None
    kept_up: Mapping[Operation, ClientHistory] = field(default_factory=dict)


def client_status(client: KnownClient, story: Story, now: datetime) -> ClientStatus:
    """Fold what is configured and what happened into one line."""
    state = client_state(client, story.history, running=story.running is not None, now=now)
    return replace(
        _told(client.name, client.method, state, story),
        names=client.names,
        reach=client.reach,
        next_run=story.next_run if client.enabled else None,
    )


def remembered_status(history: ClientHistory, story: Story) -> ClientStatus:
    """Tell what the journal alone knows, for the time that the configuration cannot be read."""
    state = "running" if story.running else "failing" if history.consecutive_failures else "ok"
    return _told(history.client, history.last.method, state, story)


def _told(name: str, method: str, state: str, story: Story) -> ClientStatus:
    history = story.history
    last = history.last if history else None
    good = history.last_success if history else None
    return ClientStatus(
        client=name,
        method=method,
        state=state,
        last_success=good.finished if good else None,
        last_outcome=str(last.outcome) if last and last.outcome else None,
        last_reason=str(last.reason) if last and last.reason else None,
        next_run=story.next_run,
        archives=history.archives if history else 0,
        repository_bytes=good.repository.disk_size if good and good.repository else None,
        consecutive_failures=history.consecutive_failures if history else 0,
        message=_message(last, story),
        tunnel=story.tunnel,
        progress=story.progress,
        upkeep=str(story.upkeep) if story.upkeep else None,
        kept_up={str(operation): history.last for operation, history in story.kept_up.items()},
    )


def _message(last: RunRecord | None, story: Story) -> str:
    if last is None or (story.tunnel == DOWN and story.waits_for):
        return story.waits_for
    return "" if last.outcome is Outcome.SUCCESS else last.message
