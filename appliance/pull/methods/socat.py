"""Method `socat`: `borg serve` behind a UNIX socket here, which ssh makes appear in the run's folder on the client."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.plan import places
from appliance.pull import execute
from appliance.pull.failure import Failure
from appliance.pull.methods import channel as way
from appliance.pull.methods import serve
from appliance.pull.methods.relays import relay
from appliance.pull.waiting import wait_until
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.methods.workplace import Workplace

_START_SECONDS = 10
# After the client has gone Borg rolls back what was not committed; a huge segment may take a while.
_END_SECONDS = 120


@contextmanager
def socat(plan: RunPlan, workplace: Workplace) -> Iterator[way.Channel]:
    """Listen for one session; whatever happens, nobody serves the repository after the block."""
    process = _listen(plan)
    remote = f"{workplace.folder}/borg.sock"
    command, files = relay(plan, workplace, remote)
    try:
        yield way.Channel(
            rsh=command,
            files=files,
            ssh_options={
                "RemoteForward": f"{remote} {places.SERVE_SOCKET}",
                "ExitOnForwardFailure": "yes",
                # An own socket of an earlier try may be in the way; where the client's sshd forbids, the name is new.
                "StreamLocalBindUnlink": "yes",
            },
            end=lambda: _end(process),
        )
    finally:
        _end(process)


def _end(process: execute.Process) -> None:
    """Let nobody in any more; a session that goes on ends by itself, since ssh is gone, and is given time for it."""
    serve.close()
    execute.end(process, grace_seconds=_END_SECONDS, ask_first=not serve.is_going_on())
    # Busy with one long question of the client, it would find out only later that nobody waits for the answer.
    if not wait_until(lambda: not serve.is_going_on(), seconds=_START_SECONDS):
        serve.kill()


def _listen(plan: RunPlan) -> execute.Process:
    Path(serve.SCRIPT).write_text(serve.serve_script(plan), encoding="utf-8")
    # Without `fork`: one connection, then the socket is gone.
    argv = ("socat", f"UNIX-LISTEN:{places.SERVE_SOCKET},mode=600", f"EXEC:/bin/sh {serve.SCRIPT}")
    process = execute.start(argv, {"PATH": "/usr/local/bin:/usr/bin:/bin"})
    listening = wait_until(
        lambda: Path(places.SERVE_SOCKET).is_socket() or process.poll() is not None, seconds=_START_SECONDS
    )
    if not listening or process.poll() is not None:
        execute.end(process, grace_seconds=1)
        raise Failure(Reason.INTERNAL, "The socket for `borg serve` could not be opened in the pull container.")
    return process
