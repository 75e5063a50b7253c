"""What a single run may find that nobody should wait three runs to hear, and what it takes to be mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.notice import Alarm, AlarmKind, Severity
from appliance.plan.age import is_ahead
from appliance.plan.plain_text import one_line
from appliance.record import Operation, Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from appliance.ports import ClientHistory
    from appliance.record import RunRecord

_AT_ONCE = {
    Reason.TAMPERING: (AlarmKind.TAMPERING, Severity.CRITICAL),
    Reason.INTEGRITY: (AlarmKind.DAMAGED, Severity.CRITICAL),
    Reason.MISMATCH: (AlarmKind.MISMATCH, Severity.CRITICAL),
    Reason.COLLAPSED: (AlarmKind.COLLAPSED, Severity.WARNING),
    Reason.HOST_KEY: (AlarmKind.HOST_KEY, Severity.CRITICAL),
}
GRAVE = frozenset(kind for kind, _ in _AT_ONCE.values())
# A good run of these mends it, too: no backup succeeds while an archive of the ledger is gone, so the operator has
# decided since; and whoever is reached has shown the pinned key. Not what a prune found: it looks at what no backup
# looks at, at what else stands among the archives and at what they consist of.
_MENDED_BY = {
    AlarmKind.TAMPERING: frozenset({Operation.CREATE}),
    AlarmKind.COLLAPSED: frozenset({Operation.CREATE}),
    AlarmKind.HOST_KEY: frozenset({Operation.CREATE, Operation.PROBE}),
}
# Which operation found what no run that is still known has found, nobody can tell: these get as far as any.
_MENDED_IN_ANY_CASE = _MENDED_BY | {
    AlarmKind.DAMAGED: frozenset({Operation.CHECK}),
    AlarmKind.MISMATCH: frozenset({Operation.DRILL}),
}


def found_by_a_run(
    history: ClientHistory, created: ClientHistory | None, now: datetime, *, is_pruned: bool
) -> Iterator[Alarm]:
    """Yield the alarm that the last run of that operation has found; `created` is the history of the backups.

    A client that `is_pruned` no more has no prune that could mend what one found.
    """
    last = history.last
    if last.outcome is not Outcome.FAILED or last.reason not in _AT_ONCE:
        return
    found_there = {Operation.CREATE, Operation.PRUNE} if is_pruned else {Operation.CREATE}
    # Where the last backup is what found it, no good one came after it, whatever a clock says.
    may_be_mended = last.reason is Reason.TAMPERING and last.operation not in found_there
    if may_be_mended and _is_backed_up_since(last, created, now):
        return
    kind, severity = _AT_ONCE[last.reason]
    advice = {
        AlarmKind.TAMPERING: f"Nothing is written or pruned until you decide: `borgpull repair {last.client}`.",
        AlarmKind.DAMAGED: "Look at the disk, and at the entry `integrity` in docs/troubleshooting.md.",
        AlarmKind.MISMATCH: "The entry `mismatch` in docs/troubleshooting.md says how to find out which side is right.",
        AlarmKind.COLLAPSED: f"If that is right, `borgpull run {last.client} --accept-shrink` once.",
        AlarmKind.HOST_KEY: f"If the machine was set up anew, `borgpull client trust {last.client}`; else somebody is "
        "in between.",
    }[kind]
    yield Alarm(kind=kind, client=last.client, severity=severity, sentence=one_line(last.message, advice))


def is_unmended(kind: AlarmKind, runs: Iterable[RunRecord], raised: datetime, now: datetime) -> bool:
    """Whether what a run found still holds, although a run since has ended otherwise: skipped, say, or unreachable.

    `runs` are the client's, newest first. One that is dated ahead of `now` is not the newest. Runs are forgotten, so
    what found it need not be among them: then only a good one that began after the alarm was `raised` mends it.
    """
    good: dict[Operation, datetime] = {}
    is_known = False
    for run in sorted(runs, key=lambda run: is_ahead(run.started, now)):
        # A drill that met no client, or nothing to read, ends as a warning and has compared too little to say so.
        is_too_little = kind is AlarmKind.MISMATCH and run.outcome is Outcome.WARNING
        if run.outcome is not None and run.outcome.is_good and not is_too_little:
            good.setdefault(run.operation, run.started)
        elif _has_found(run, kind):
            if good.keys().isdisjoint(_menders(kind, run)):
                return True
            is_known = True
    # An alarm that was raised while the clock was ahead must not wait for that day, nor a good run of that day mend it.
    since = (began for operation, began in good.items() if operation in _MENDED_IN_ANY_CASE[kind])
    mends = any(not is_ahead(began, now) and (began > raised or is_ahead(raised, now)) for began in since)
    return not is_known and not mends


def _is_backed_up_since(found: RunRecord, created: ClientHistory | None, now: datetime) -> bool:
    """Whether a good backup has shown since that this tampering was decided upon; one dated ahead shows nothing."""
    good = created.last_success if created else None
    return good is not None and not is_ahead(good.started, now) and good.started > found.started


def _menders(kind: AlarmKind, found: RunRecord) -> frozenset[Operation]:
    if kind is AlarmKind.TAMPERING and found.operation is Operation.PRUNE:
        return frozenset({Operation.PRUNE})
    return _MENDED_BY.get(kind, frozenset()) | {found.operation}


def _has_found(run: RunRecord, kind: AlarmKind) -> bool:
    # Who probes or decides by hand sees it, and may have reached for another machine.
    if run.outcome is not Outcome.FAILED or run.operation is Operation.PROBE or run.operation.by_hand:
        return False
    return run.reason in _AT_ONCE and _AT_ONCE[run.reason][0] is kind
