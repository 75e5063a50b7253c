"""Read the engine's description of a container."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from appliance.ports import ContainerState

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEVER = "0001-01-01T00:00:00Z"


def container_state(facts: Mapping[str, Any]) -> ContainerState:
    """Return what counts for us of an answer to inspect."""
    state = facts["State"]
    started = state["StartedAt"] != _NEVER
    ended = started and not state["Running"]
    return ContainerState(
        name=facts["Name"].removeprefix("/"),
        labels=facts["Config"].get("Labels") or {},
        running=state["Running"],
        started=started,
        exit_code=state["ExitCode"] if ended else None,
        out_of_memory=bool(state.get("OOMKilled")),
        finished=_time(state["FinishedAt"]) if ended else None,
    )


def _time(text: str) -> datetime | None:
    # Nanoseconds and a Z, or Podman's offset; Python reads six digits.
    if text == _NEVER:
        return None
    whole, _, rest = text.partition(".")
    if rest:
        digits = rest.rstrip("Z").split("+")[0].split("-")[0]
        zone = rest[len(digits) :].replace("Z", "+00:00")
        text = f"{whole}.{digits[:6].ljust(6, '0')}{zone}"
    return datetime.fromisoformat(text).astimezone(UTC)
