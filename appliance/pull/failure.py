"""How a step of a run ends it: a reason and a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.plan.events import Result
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from appliance.plan.gates import Refusal


class Failure(Exception):  # noqa: N818 - it is the failure of a run, not an error of the program
    """The run cannot count: why, and what to do. Carries what Borg warned about until then."""

    def __init__(
        self, reason: Reason, message: str, *, code: int | None = None, warnings: tuple[str, ...] = (), count: int = 0
    ) -> None:
        """Keep the parts of the result."""
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.code = code
        self.warnings = warnings
        self.count = count

    def result(self) -> Result:
        """The last word of a run that failed like this. Being stopped from outside is an interruption."""
        interrupted = self.reason in (Reason.STOPPED, Reason.KILLED)
        return Result(
            outcome=Outcome.INTERRUPTED if interrupted else Outcome.FAILED,
            reason=self.reason,
            message=self.message,
            exit_code=self.code,
            warnings=self.warnings,
            warning_count=self.count,
        )


def insist(refusal: Refusal | None) -> None:
    """Fail where a gate refuses."""
    if refusal is not None:
        raise Failure(refusal.reason, refusal.sentence)


def stopped(why: str) -> Failure:
    """The failure of a run that the root half was told, or had, to stop; `why` is a reason's value."""
    reason = Reason(why)
    sentence = {
        Reason.TIMEOUT: "The run took longer than its `timeout` and was stopped; what was read stays as a checkpoint.",
        Reason.STALLED: "Nothing moved for the whole `stall_timeout`: the client answers, but sends no data.",
    }.get(reason, "The run was stopped.")
    return Failure(reason, sentence)


def restore_key_is_shut_out(client: str, place: str, user: str) -> str:
    """Say that the restore lease is not open, and what opens it."""
    return (
        f"{place} does not let the restore key in for user {user}: its lease is not open, or is over. "
        f"`borgpull client setup {client} --restore` prints what to paste there to open it for a while."
    )
