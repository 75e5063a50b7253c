"""What `keep` means to `borg prune`, and whether what it would leave is enough."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from appliance.plan.age import is_ahead
from appliance.plan.gates import Refusal
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from appliance.config.model import Client, Keep
    from appliance.plan.events import ListedArchive
    from appliance.plan.run_plan import RunPlan
    from appliance.ports import ClientHistory

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


def protected_fact(client: str) -> str:
    """Name the fact that holds the names of the archives that the operator protects by a command, as a JSON list."""
    return f"protected:{client}"


def wrote_itself_fact(client: str) -> str:
    """Name the fact that says that the client itself once wrote to its repository, over `borg serve`."""
    return f"borg_on_client/{client}"


def is_protected(plan: RunPlan, name: str) -> bool:
    """Whether no prune may delete the archive of that name."""
    return any(fnmatchcase(name, pattern) for pattern in plan.protect)


def compacting(client: Client, pruned: ClientHistory | None, now: datetime) -> str:
    """Return when a prune now frees the room: "after" it, "before" it, or "later".

    A compact cannot tell what was deleted yesterday from what was deleted a month ago. So with `compact_after` a prune
    first frees what the one before deleted, if that is so long ago, and what it deletes itself stays for the next.
    """
    if client.compact_after is None:
        return "after"
    good = pruned.last_success if pruned else None
    if pruned is None or good is None or pruned.consecutive_failures:
        # One that broke off since may have deleted what would be freed with the rest.
        return "later"
    return "before" if now >= (good.finished or good.started) + client.compact_after else "later"


def rules_gate(plan: RunPlan) -> Refusal | None:
    """Refuse a prune that no rule was given for (S7)."""
    if plan.keep:
        return None
    sentence = (
        f"{plan.client} has no `keep`, so nothing is ever pruned; give it rules, such as {{ daily = 7 }}, "
        "to have old archives deleted."
    )
    return Refusal(reason=Reason.RETENTION, sentence=sentence)


def remainder_gate(plan: RunPlan, leaving: Sequence[ListedArchive], staying: Sequence[ListedArchive]) -> Refusal | None:
    """Refuse a prune that would leave no archive of this client (S7); what has another name is no backup of now."""
    if not leaving or any(archive.name.startswith(f"{plan.client}-") for archive in staying):
        return None
    sentence = (
        f"The rules in `keep` ({' '.join(plan.keep)}) would leave no archive of {plan.client} at all, so nothing "
        "was deleted; has it not been backed up for long? Make a new archive first, or give `keep` another rule."
    )
    return Refusal(reason=Reason.RETENTION, sentence=sentence)


def ahead_gate(plan: RunPlan, archives: Sequence[ListedArchive], now: datetime) -> Refusal | None:
    """Refuse a prune while an archive of this client is dated ahead: by a clock that was wrong then, or is wrong now.

    Borg begins to count with the newest date. One such archive takes the place of each new one, which would be deleted
    the night it was made; protected ones are counted too.
    """
    prefix = f"{plan.client}-"
    ahead = [archive.name for archive in archives if archive.name.startswith(prefix) and is_ahead(archive.started, now)]
    if not ahead:
        return None
    more = f" and {len(ahead) - _NAMED} more" if len(ahead) > _NAMED else ""
    sentence = (
        f"The repository of {plan.client} holds archives dated ahead of the clock ({now:%Y-%m-%d %H:%M} UTC): "
        f"{', '.join(ahead[:_NAMED])}{more}. `keep` would take them for the newest and let good ones go, so nothing "
        "was deleted. Is the clock wrong now, set it right. Was it wrong then, delete them by hand with plain Borg "
        f"(`borg delete`; the entry `retention` in docs/troubleshooting.md), then `borgpull repair {plan.client} "
        "--accept`."
    )
    return Refusal(reason=Reason.RETENTION, sentence=sentence)


def stranger_gate(plan: RunPlan, archives: Sequence[ListedArchive]) -> Refusal | None:
    """Refuse to prune beside archives that the client itself made under final names.

    The rules would count them like good ones: seven of them with dates to come, and every honest archive of the week
    would go, after a change of method too. Where Borg has always run here, such an archive is one of ours whose record
    was lost in a crash.
    """
    known = {archive.id for archive in plan.known}
    strangers = [archive.name for archive in archives if archive.id not in known]
    if not strangers or not plan.may_hold_the_clients_own:
        return None
    more = f" and {len(strangers) - _NAMED} more" if len(strangers) > _NAMED else ""
    sentence = (
        f"The repository of {plan.client} holds archives that no good run made: {', '.join(strangers[:_NAMED])}{more}. "
        "They would be kept in place of good ones, so nothing was deleted; "
        f"`borgpull repair {plan.client}` says what to do with them."
    )
    return Refusal(reason=Reason.TAMPERING, sentence=sentence)
