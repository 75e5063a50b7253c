"""The unprivileged half of a pull container: it tells the story of the run and says its last word.

Run as `python -m appliance.pull.controller LINK STDOUT STDERR SSHFS` with descriptors handed over by the root half.
"""

from __future__ import annotations

import pkgutil
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import BorgpullError
from appliance.plan import places
from appliance.plan.events import Result
from appliance.plan.offer import LOOK
from appliance.plan.operations import (
    ADOPT,
    BY_HAND,
    ESCROW_CHECK,
    FIDELITY,
    MATCH,
    PREVIEW,
    QUESTIONS,
    SIMULATE,
    UNRECORDED,
)
from appliance.plan.run_plan import RunPlan
from appliance.pull import link
from appliance.pull.ends import Ends
from appliance.pull.failure import Failure
from appliance.pull.voice import Voice
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Callable

# Who carries an operation out. A container does one thing, so only that is imported: all of it costs each start another
# 0.4 s of CPU, most of it for Paramiko and pydantic, and a NAS is slower.
_WITH_THE_CLIENT = {
    "create": "story:create",
    "probe": "story:probe",
    BY_HAND: "by_hand:carry_out",
    FIDELITY: "fidelity.story:take_card",
    "drill": "drills.story:drill",
    "restore": "restores.story:restore",
    PREVIEW: "restores.story:restore",
}
_BY_ITSELF = {
    "prune": "pruning:prune",
    "check": "checking:check",
    "repair": "repairing:roll_back",
    "accept": "repairing:accept",
    "purge": "repairing:purge",
    "inspect": "repairing:inspect",
    "archives": "answers:archives",
    "files": "answers:files",
    "find": "finding:find",
    "diff": "answers:diff",
    MATCH: "matching:match",
    LOOK: "look:look",
    "key-export": "answers:key_export",
    "scan": "answers:scan",
    ESCROW_CHECK: "escrow_check:check",
    ADOPT: "adopting:look",
    SIMULATE: "pruning:simulate",
}
# Who asks follows one stream from its first line to its last, and cannot come back to it as the supervisor does to a
# run: it must not be cut, and some are silent for hours.
HEARD_AT_ONCE = frozenset((*QUESTIONS, *UNRECORDED))


def main() -> int:
    """Do what the plan says; returns the exit code of the outcome."""
    handed, stdout, stderr, sshfs = (int(number) for number in sys.argv[1:])
    ends = Ends(control=link.from_descriptor(handed), stdout=stdout, stderr=stderr, sshfs=sshfs)
    plan = RunPlan.from_json(Path(places.PLAN).read_text("utf-8"))
    voice = Voice()
    try:
        with voice.never_silent() if plan.operation in HEARD_AT_ONCE else nullcontext():
            result = _carry_out(plan, ends, voice)
    except Failure as failure:
        result = failure.result()
    except BorgpullError as error:
        result = Result(outcome=Outcome.FAILED, reason=Reason.INTERNAL, message=str(error))
    voice.result(result)
    ends.control.say(link.DONE)
    return result.outcome.exit_code


def _carry_out(plan: RunPlan, ends: Ends, voice: Voice) -> Result:
    if plan.operation in _WITH_THE_CLIENT:
        with_the_client: Callable[[RunPlan, Ends, Voice], Result] = _found(_WITH_THE_CLIENT[plan.operation])
        return with_the_client(plan, ends, voice)
    if plan.operation in _BY_ITSELF:
        by_itself: Callable[[RunPlan, Voice], Result] = _found(_BY_ITSELF[plan.operation])
        return by_itself(plan, voice)
    raise BorgpullError(f"this image does not know the operation {plan.operation!r}; image and supervisor differ")


def _found(name: str) -> Callable[..., Result]:
    found: Callable[..., Result] = pkgutil.resolve_name(f"appliance.pull.{name}")
    return found


if __name__ == "__main__":
    sys.exit(main())
