"""`borg serve` for one client and one run, as a value, and the gate that lets only one session in."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from appliance.borg.serve import serve
from appliance.plan import places

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan

_TAKEN = places.SCRATCH / "session"


def serve_script(plan: RunPlan) -> str:
    """Return a script for /bin/sh that serves the repository to the first who comes, and to nobody after.

    A folder is made once and never twice, so of two sessions at the same moment only one gets in.
    """
    command = serve(plan)
    exports = "\n".join(f"export {key}={shlex.quote(value)}" for key, value in command.env.items())
    return (
        "#!/bin/sh\n"
        f"mkdir {_TAKEN} 2>/dev/null || {{ echo 'borgpull: this run has had its session' >&2; exit 1; }}\n"
        f"{exports}\nexec {shlex.join(command.argv)}\n"
    )


def was_used() -> bool:
    """Whether anybody came."""
    from pathlib import Path  # noqa: PLC0415 - values above, one look here

    return Path(_TAKEN).is_dir()
