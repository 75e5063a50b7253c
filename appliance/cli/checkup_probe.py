"""What a probe of each client says: the whole way there, tried now, as many at once as the supervisor lets run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.cli.findings import Finding, bad, fine, warning
from appliance.cli.progress_bar import Silence
from appliance.cli.surroundings import heartbeat_age, is_alive
from appliance.cli.watching import Ended, follow
from appliance.errors import BorgpullError
from appliance.record import Operation, Outcome, RequestKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from appliance.cli.surroundings import Store, Surroundings
    from appliance.cli.watching import Ending


def probe_findings(world: Surroundings, store: Store, clients: Sequence[str]) -> Iterator[Finding]:
    """Ask the supervisor for a probe of each, and wait for all; none is longer than its time limits."""
    if not clients:
        return
    if not is_alive(heartbeat_age(store, world.clock.now())):
        yield warning("clients", "none was tried, since the supervisor is not running", "start it, and ask again")
        return
    try:
        asked = {name: store.ask(RequestKind.RUN, name, Operation.PROBE) for name in clients}
        endings = follow(world, store, asked, Silence())
    except BorgpullError as error:
        yield bad("clients", str(error), "", error.exit_code)
        return
    busy = {record.client for record in store.unfinished()}
    for ending in endings:
        if not isinstance(ending, Ended) and ending.client in busy:
            yield fine(f"client {ending.client}", "was not tried, since a run of it is in progress")
        else:
            yield _finding(ending)


def _finding(ending: Ending) -> Finding:
    subject = f"client {ending.client}"
    again = f"`borgpull client probe {ending.client}` tries it again; `borgpull logs {ending.client}` has its words"
    if not isinstance(ending, Ended):
        return warning(subject, f"was not tried: {ending.sentence}", again)
    record = ending.record
    if record.outcome is Outcome.SUCCESS:
        return fine(subject, f"tried now: {record.message}")
    named = f"{record.reason}: " if record.reason else ""
    if record.outcome is Outcome.WARNING:
        return warning(subject, f"tried now, {named}{record.message}", "docs/troubleshooting.md has each such word")
    return bad(
        subject, f"tried now and failed, {named}{record.message}", again, (record.outcome or Outcome.FAILED).exit_code
    )
