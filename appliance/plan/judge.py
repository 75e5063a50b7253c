"""How a run ended: the engine's word against the container's own. A success needs both to say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.record import Operation, Outcome, Reason

if TYPE_CHECKING:
    from appliance.plan.events import Result
    from appliance.ports import ContainerState
    from appliance.record import RunRecord

# 128 + SIGKILL and 128 + SIGTERM: ended from outside before it could say a last word.
_KILLED = frozenset({137, 143})

# They claim nothing of the repository that would have to be proved.
_WRITE_NOTHING = (Operation.PROBE, Operation.RESTORE, Operation.DRILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The end of a run, with the sentence for the operator."""

    outcome: Outcome
    reason: Reason | None
    message: str


def verdict(
    record: RunRecord,
    state: ContainerState | None,
    result: Result | None,
    *,
    stop_reason: Reason | None = None,
    pinned: str | None = None,
) -> Verdict:
    """Judge the run of an ended container (None: it is gone) by its last word (None: it had none).

    `stop_reason` says why we stopped it, if we did; `pinned` is the id of the client's repository, if one is known.
    Raises ValueError for a container that still runs: there is nothing to judge yet.
    """
    end = question_verdict(state, result, stop_reason=stop_reason)
    if not end.outcome.is_good or result is None or record.operation in _WRITE_NOTHING:
        return end
    archive_doubt = _archive_doubt(record.client, result) if record.operation is Operation.CREATE else ""
    doubt = archive_doubt or _repository_doubt(result, pinned)
    return _disbelieved(result, doubt) if doubt else end


def question_verdict(
    state: ContainerState | None, result: Result | None, *, stop_reason: Reason | None = None
) -> Verdict:
    """Judge any container of ours, without what only a run that makes an archive must prove; as `verdict` otherwise."""
    if state is not None and state.running:
        raise ValueError(f"{state.name} still runs")
    if state is not None and state.out_of_memory:
        return Verdict(
            outcome=Outcome.FAILED,
            reason=Reason.OUT_OF_MEMORY,
            message="The pull container ran out of memory; raise `memory` of the client, or leave it out.",
        )
    if result is not None and not result.outcome.is_good:
        return _said_no(result, stop_reason)
    if result is None or state is None or state.exit_code is None or state.exit_code in _KILLED:
        # Killed after its last word, it may have undone nothing: what it said is no proof either.
        return _no_proof(state, stop_reason)
    if state.exit_code != result.outcome.exit_code:
        return _disbelieved(result, f"it ended with exit code {state.exit_code}")
    left_something = result.reason is not None or result.warning_count > 0 or bool(result.warnings)
    outcome = Outcome.WARNING if left_something else result.outcome
    return Verdict(outcome=outcome, reason=result.reason, message=result.message)


def _archive_doubt(client: str, result: Result) -> str:
    """Say what speaks against an archive that is claimed to be good; empty when nothing does."""
    if result.archive is None:
        return "it named no archive"
    if not result.archive.name.startswith(f"{client}-"):
        return f"its archive is called {result.archive.name}"
    return ""


def _repository_doubt(result: Result, pinned: str | None) -> str:
    """Say what speaks against a run that claims to have written to the right repository."""
    if result.repository is None:
        return "it named no repository"
    if pinned is not None and result.repository.id != pinned:
        return "it wrote to another repository than the one that is known"
    return ""


def _disbelieved(result: Result, doubt: str) -> Verdict:
    return _internal(f"The pull container reported {result.outcome.value}, but {doubt}; it is not believed.")


def more_telling(first: Result | None, second: Result) -> Result:
    """Of two last words keep the newer, but never let a good one paint over a bad one."""
    return second if first is None or first.outcome.is_good else first


def _said_no(result: Result, stop_reason: Reason | None) -> Verdict:
    if stop_reason is not None:
        return _stopped(stop_reason)
    fallback = Reason.KILLED if result.outcome is Outcome.INTERRUPTED else Reason.INTERNAL
    message = result.message or "The pull container gave no explanation; see its log lines."
    return Verdict(outcome=result.outcome, reason=result.reason or fallback, message=message)


def _no_proof(state: ContainerState | None, stop_reason: Reason | None) -> Verdict:
    if stop_reason is not None:
        return _stopped(stop_reason)
    if state is None:
        return _killed("Its container is gone: it was removed from outside, or the engine lost it.")
    if not state.started or state.exit_code is None:
        return _killed("Its container was made but never started.")
    if state.exit_code in _KILLED:
        return _killed(f"Its container was killed from outside (exit code {state.exit_code}).")
    return _internal(f"The pull container ended with exit code {state.exit_code} and without a result.")


def _stopped(stop_reason: Reason) -> Verdict:
    if stop_reason is Reason.TIMEOUT:
        return Verdict(
            outcome=Outcome.FAILED,
            reason=Reason.TIMEOUT,
            message="It took longer than `timeout` of the client allows and was stopped.",
        )
    return Verdict(outcome=Outcome.INTERRUPTED, reason=stop_reason, message="It was stopped on request.")


def _killed(message: str) -> Verdict:
    return Verdict(outcome=Outcome.INTERRUPTED, reason=Reason.KILLED, message=message)


def _internal(message: str) -> Verdict:
    return Verdict(outcome=Outcome.FAILED, reason=Reason.INTERNAL, message=message)
