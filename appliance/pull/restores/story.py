"""A restore as the unprivileged half tells it: look at the repository, go the way, say what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.plan.events import Result
from appliance.pull import ledger, repository
from appliance.pull.contact import Contact
from appliance.pull.failure import Failure
from appliance.pull.restores.by_tar import restore_by_tar
from appliance.pull.restores.filled import name_filled
from appliance.pull.restores.local import restore_local
from appliance.pull.restores.on_client import restore_on_client
from appliance.pull.restores.onto_mount import restore_chroot, restore_numeric
from appliance.record import Outcome, Reason, Way

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.plan.run_plan import RunPlan
    from appliance.pull.ends import Ends
    from appliance.pull.restores.restored import Restored
    from appliance.pull.voice import Voice
    from appliance.record import RestoreOrder

    Restore = Callable[[RunPlan, Contact, Ends, Voice], Restored]


def restore(plan: RunPlan, ends: Ends, voice: Voice) -> Result:
    """Restore as the plan orders, or only look (`preview`); raises Failure."""
    order = plan.restore
    if order is None or order.way not in _WAYS:
        raise Failure(Reason.INTERNAL, "This image does not know that way to restore; image and supervisor differ.")
    with Contact(plan) as contact:
        voice.step("look" if order.way is Way.LOCAL else "connect")
        _look(plan, order, voice)
        ends.control.beat()
        restored = _WAYS[order.way](plan, contact, ends, voice)
    restored = name_filled(plan, order, restored, ends)
    return _told(plan, order, restored)


_WAYS: dict[Way, Restore] = {
    Way.CHROOT: restore_chroot,
    Way.NUMERIC: restore_numeric,
    Way.TAR: restore_by_tar,
    Way.CLIENT: restore_on_client,
    Way.LOCAL: restore_local,
}


def _look(plan: RunPlan, order: RestoreOrder, voice: Voice) -> None:
    """Find the archive. What was tampered with can still be restored from, so that is said and no more."""
    if not order.preview:
        repository.break_dead_locks(plan, voice)
    found = repository.look(plan)
    if order.archive not in {archive.name for archive in found.archives}:
        raise Failure(Reason.NOT_FOUND, f"{plan.client} has no archive {order.archive} any more; nothing was changed.")
    try:
        ledger.insist_complete(plan, found.archives)
    except Failure as tampered:
        voice.note(f"restoring all the same: {tampered.message}", "warning")


def _told(plan: RunPlan, order: RestoreOrder, restored: Restored) -> Result:
    losses = f" with {restored.warning_count} warnings" if restored.warning_count else ""
    return Result(
        outcome=Outcome.WARNING if restored.warning_count else Outcome.SUCCESS,
        message=f"{restored.files} files and folders of {order.archive} {_where(plan, order)}{losses}.",
        warnings=restored.warnings,
        warning_count=restored.warning_count,
        exit_code=restored.code,
    )


def _where(plan: RunPlan, order: RestoreOrder) -> str:
    if order.stream:
        return f"were written as {order.form}"
    if order.way is Way.LOCAL:
        return f"are in {order.target} on this server"
    return f"are in {order.target or 'its own places'} on {plan.machine}"
