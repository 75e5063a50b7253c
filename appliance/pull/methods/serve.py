"""`borg serve` for one client and one run, as a value, and the gate that lets only one session in."""

from __future__ import annotations

import os
import shlex
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.borg.serve import serve
from appliance.plan import places

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan

SCRIPT = places.SCRATCH / "serve"
_TAKEN = places.SCRATCH / "session"
_WHO = _TAKEN / "pid"


def serve_script(plan: RunPlan) -> str:
    """Return a script for /bin/sh that serves the repository to the first who comes, and to nobody after.

    A folder is made once and never twice, so of two sessions at the same moment only one gets in.
    """
    command = serve(plan)
    exports = "\n".join(f"export {key}={shlex.quote(value)}" for key, value in command.env.items())
    return (
        "#!/bin/sh\n"
        f"mkdir {_TAKEN} 2>/dev/null || {{ echo 'borgpull: this run has had its session' >&2; exit 1; }}\n"
        # Borg would read it for more options.
        "unset SSH_ORIGINAL_COMMAND\n"
        f"echo $$ > {_WHO}\n"
        f"{exports}\nexec {shlex.join(command.argv)}\n"
    )


def was_used() -> bool:
    """Whether anybody came, or the gate was closed."""
    return Path(_TAKEN).is_dir()


def close() -> None:
    """Let nobody in from here on."""
    with suppress(FileExistsError):
        Path(_TAKEN).mkdir()
        Path(_WHO).write_text("0\n", encoding="utf-8")


def is_going_on() -> bool:
    """Whether a session serves the repository now, or is about to."""
    who = _pid()
    if not who:
        return who is None and was_used()
    try:
        # What has ended and was not fetched yet serves nobody.
        return Path(f"/proc/{who}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill() -> None:
    """End the session without asking."""
    with suppress(ProcessLookupError):
        if who := _pid():
            os.kill(who, signal.SIGKILL)


def _pid() -> int | None:
    """Return whose session it is, 0 for nobody's; None when it does not say so (yet)."""
    try:
        text = Path(_WHO).read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() else None
