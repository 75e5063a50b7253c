"""The state of every client as values and as JSON; nothing here reads or decides about the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from appliance.cli.readable import iso
from appliance.plan.known_clients import UNWATCHED, client_state
from appliance.plan.tunnel_report import DOWN
from appliance.record import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from appliance.plan.known_clients import KnownClient
    from appliance.ports import Standing
    from appliance.record import Operation, Progress, RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientStatus:
    """One line of `borgpull status`. Sizes in bytes; `repository_bytes` is None until a run has measured it.

    `listed_by` is what listed the files of the last good run, as in RunRecord.
    `tunnel` is "up" or "down" for a client that dials in, else None. `upkeep` is what is being done beside backups at
    this moment, `kept_up` how each such operation went last: neither has a part in `state`.
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
    listed_by: str | None = None
    consecutive_failures: int = 0
    message: str = ""
    tunnel: str | None = None
    progress: Progress | None = None
    upkeep: str | None = None
    kept_up: Mapping[str, Standing] = field(default_factory=dict)

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
            "listed_by": self.listed_by,
            "consecutive_failures": self.consecutive_failures,
            "message": self.message,
            "tunnel": self.tunnel,
            "progress": progress_json(self.progress),
            "upkeep": self.upkeep,
            "last_upkeep": {operation: _upkeep_json(last) for operation, last in self.kept_up.items()},
        }


def _upkeep_json(last: Standing) -> dict[str, Any]:
    return {
        "finished": iso(last.finished),
        "outcome": str(last.outcome) if last.outcome else None,
        "reason": str(last.reason) if last.reason else None,
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

    standing: Standing | None = None
    running: RunRecord | None = None
    progress: Progress | None = None
    next_run: datetime | None = None
    waits_for: str = ""
    tunnel: str | None = None
    upkeep: Operation | None = None
    kept_up: Mapping[Operation, Standing] = field(default_factory=dict)


def client_status(client: KnownClient, story: Story, now: datetime) -> ClientStatus:
    """Fold what is configured and what happened into one line."""
    state = client_state(client, story.standing, running=story.running is not None, now=now)
    next_run = story.next_run if client.enabled else None
    return _told(
        client.name, story, method=client.method, names=client.names, reach=client.reach, state=state, next_run=next_run
    )


def remembered_status(standing: Standing, story: Story) -> ClientStatus:
    """Tell what the journal alone knows, for the time that no configuration is in force: so nobody is `ok`."""
    state = "running" if story.running else "failing" if standing.consecutive_failures else UNWATCHED
    return _told(standing.client, story, method=standing.method, state=state, next_run=story.next_run)


def _told(
    client: str, story: Story, *, method: str, state: str, next_run: datetime | None, names: str = "", reach: str = ""
) -> ClientStatus:
    last = story.standing
    return ClientStatus(
        client=client,
        method=method,
        names=names,
        reach=reach,
        state=state,
        last_success=last.good_finished if last else None,
        last_outcome=str(last.outcome) if last and last.outcome else None,
        last_reason=str(last.reason) if last and last.reason else None,
        next_run=next_run,
        archives=last.archives if last else 0,
        repository_bytes=last.disk_bytes if last else None,
        listed_by=last.listed_by if last else None,
        consecutive_failures=last.consecutive_failures if last else 0,
        message=_message(last, story),
        tunnel=story.tunnel,
        progress=story.progress,
        upkeep=str(story.upkeep) if story.upkeep else None,
        kept_up={str(operation): standing for operation, standing in story.kept_up.items()},
    )


def _message(last: Standing | None, story: Story) -> str:
    if last is None or (story.tunnel == DOWN and story.waits_for):
        return story.waits_for
    return "" if last.outcome is Outcome.SUCCESS else last.message
