"""Decisions to refuse, with reason and sentence, taken before an archive counts or the repository is written to.

What speaks against the start of a run is in `launch_gates.py`: the pull container imports this at every start, and
needs no configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from appliance.plan.run_plan import PULLFS, STOCK_SSHFS
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.plan.events import ListedArchive
    from appliance.plan.run_plan import Baseline, KnownArchive, RunPlan

_NAMED = 3
_TOLERATED_DRIFT = timedelta(seconds=2)

TOLERATED_IO_ERRORS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something must not happen. None in its place means: allowed."""

    reason: Reason
    sentence: str


def collapse_gate(baseline: Baseline | None, files: int, size: int, max_shrink: float) -> Refusal | None:
    """Refuse an archive whose files or bytes shrank by more than `max_shrink` (0 to 1) of the last good one."""
    if baseline is None:
        return None
    for what, before, after in (("files", baseline.files, files), ("bytes", baseline.original_size, size)):
        if after < before * (1 - max_shrink):
            sentence = (
                f"The source shrank from {before} to {after} {what}, more than `max_shrink` allows ({max_shrink:.0%})."
                " If that is right, run it once with --accept-shrink."
            )
            return Refusal(reason=Reason.COLLAPSED, sentence=sentence)
    return None


def io_error_gate(count: int) -> Refusal | None:
    """Refuse a burst of I/O errors while reading: the source was not really there all the time.

    One or two bad sectors on a client must not end its backups: those files are named in a warning instead.
    """
    if count <= TOLERATED_IO_ERRORS:
        return None
    files = "1 file" if count == 1 else f"{count} files"
    sentence = f"Reading {files} ended in an I/O error: the connection or a disk of the client failed."
    return Refusal(reason=Reason.CONNECTION_LOST, sentence=sentence)


# As which file system a machine's files appear here is our doing, and says nothing of the machine.
_OF_MACHINES = frozenset({STOCK_SSHFS, PULLFS})


def filesystem_gate(before: str, now: str) -> Refusal | None:
    """Refuse when the source lies on another file system than at the last good run: a share is not mounted."""
    if not before or before == now or {before, now} <= _OF_MACHINES:
        return None
    sentence = (
        f"The source was on {before} and is now on {now or 'an unknown file system'}: is the share mounted? "
        "If it has moved, run it once with --accept-shrink."
    )
    return Refusal(reason=Reason.SOURCE_CHANGED, sentence=sentence)


def ledger_gate(
    plan: RunPlan, archives: Sequence[ListedArchive], pruned: frozenset[str] = frozenset()
) -> Refusal | None:
    """Refuse when an archive that the ledger vouches for is gone, or is another one under the same name (S6).

    A client that talks to `borg serve` can delete archives even in append-only mode; the next compact would make that
    final. So nothing is written any more until the operator has decided.

    `pruned` are the ids of archives that a prune of ours was about to delete when it was interrupted: they may be gone.
    """
    gone = [known.name for known in missing(plan, archives) if known.id not in pruned]
    if not gone:
        return None
    named = ", ".join(gone[:_NAMED]) + (f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else "")
    what = "an archive" if len(gone) == 1 else f"{len(gone)} archives"
    sentence = (
        f"The repository of {plan.client} lacks {what} that the ledger knows: {named}. Nothing is written to it any "
        f"more; `borgpull repair {plan.client}` shows what happened and can bring them back."
    )
    return Refusal(reason=Reason.TAMPERING, sentence=sentence)


def missing(plan: RunPlan, archives: Sequence[ListedArchive]) -> tuple[KnownArchive, ...]:
    """Return what the ledger vouches for and the repository does not have: by name, id and, where known, start.

    The start as well, because a client can write another one beside the same id, and a prune goes by it.
    """
    there = {archive.name: archive for archive in archives}
    return tuple(known for known in plan.known if not _is(known, there.get(known.name)))


def _is(known: KnownArchive, listed: ListedArchive | None) -> bool:
    if listed is None or listed.id != known.id:
        return False
    return not known.started or datetime.fromisoformat(known.started) == listed.started


def time_gate(plan: RunPlan, started: datetime) -> Refusal | None:
    """Refuse an archive of another time than its run: a forged one would push honest ones out at the next prune."""
    wanted = datetime.fromisoformat(plan.time_in_name).replace(tzinfo=UTC)
    if abs(started - wanted) <= _TOLERATED_DRIFT:
        return None
    sentence = (
        f"{plan.client} made an archive of {started:%Y-%m-%d %H:%M:%S} in a run of {wanted:%Y-%m-%d %H:%M:%S} UTC: its "
        "Borg does not do what it is told. Nothing was kept."
    )
    return Refusal(reason=Reason.TAMPERING, sentence=sentence)
