"""What `keep` means to `borg prune`, and whether what it would leave is enough."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.plan.gates import Refusal
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.config.model import Keep
    from appliance.plan.events import ListedArchive
    from appliance.plan.run_plan import RunPlan

_HOUR = timedelta(hours=1)
_NAMED = 3


def keep_options(keep: Keep) -> tuple[str, ...]:
    """Return the options of `borg prune`; a span is given in hours, Borg's smallest unit, and never made shorter."""
    counts = {
        "last": keep.last,
        "hourly": keep.hourly,
        "daily": keep.daily,
        "weekly": keep.weekly,
        "monthly": keep.monthly,
        "yearly": keep.yearly,
    }
    within = ("--keep-within", f"{-(-keep.within // _HOUR)}H") if keep.within else ()
    return (*within, *(word for rule, count in counts.items() if count for word in (f"--keep-{rule}", str(count))))


def rules_gate(plan: RunPlan) -> Refusal | None:
    """Refuse a prune that no rule was given for (S7)."""
    if plan.keep:
        return None
    sentence = (
        f"{plan.client} has no `keep`, so nothing is ever pruned; give it rules, such as {{ daily = 7 }}, "
        "to have old archives deleted."
    )
    return Refusal(reason=Reason.RETENTION, sentence=sentence)


def remainder_gate(plan: RunPlan, remaining: Sequence[ListedArchive]) -> Refusal | None:
    """Refuse a prune that would leave no archive at all (S7)."""
    if remaining or not plan.known:
        return None
    sentence = (
        f"The rules in `keep` ({' '.join(plan.keep)}) would leave no archive of {plan.client} at all, so nothing "
        "was deleted; has it not been backed up for long? Make a new archive first, or give `keep` another rule."
    )
    return Refusal(reason=Reason.RETENTION, sentence=sentence)


def stranger_gate(plan: RunPlan, archives: Sequence[ListedArchive]) -> Refusal | None:
    """Refuse to prune beside archives that the client itself made under final names.

    The rules would count them like good ones: seven of them with dates to come, and every honest archive of the week
    would go. Where Borg runs here, such an archive is one of ours whose record was lost in a crash.
    """
    known = {archive.id for archive in plan.known}
    strangers = [archive.name for archive in archives if archive.id not in known]
    if not strangers or not plan.writes_from_the_client:
        return None
    more = f" and {len(strangers) - _NAMED} more" if len(strangers) > _NAMED else ""
    sentence = (
        f"The repository of {plan.client} holds archives that no good run made: {', '.join(strangers[:_NAMED])}{more}. "
        "They would be kept in place of good ones, so nothing was deleted; "
        f"`borgpull repair {plan.client}` says what to do with them."
    )
    return Refusal(reason=Reason.TAMPERING, sentence=sentence)
