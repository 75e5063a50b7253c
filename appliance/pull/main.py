"""`borgpull pull`: the start of a pull container."""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.errors import BorgpullError
from appliance.plan import places
from appliance.plan.run_plan import RunPlan
from appliance.pull.warden import Warden


def main() -> int:
    """Read the plan, carry it out, return the container's exit code."""
    try:
        plan = RunPlan.from_json(Path(places.PLAN).read_text("utf-8"))
    except OSError as error:
        return _refused(
            f"there is no plan at {places.PLAN} ({error.strerror}); the supervisor starts `pull`, not people"
        )
    except BorgpullError as error:
        return _refused(str(error))
    return Warden(plan).run()


def _refused(sentence: str) -> int:
    print(f"borgpull: {sentence}", file=sys.stderr)  # noqa: T201 - click is not loaded here
    return BorgpullError.exit_code
