"""Way `client`: Borg on the client extracts, through the channel of its method. All that an archive holds comes back.

The container serves the repository for one session, as for a pull, and looks afterwards whether the client did anything
in it. What is S8 here is Borg's own care (since 1.4.5 it goes through no link), and a look before where Borg is older
or the restore is in place.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

from appliance.borg import exits, extract
from appliance.pull import ledger, link, repository
from appliance.pull.failure import Failure, stopped
from appliance.pull.methods.on_client import Asked, borg_on_the_client
from appliance.pull.methods.opened import connect
from appliance.pull.restores import there
from appliance.pull.restores.leading_out import LeftOut, in_folders_of_odd_names, unsafe
from appliance.pull.restores.looking import paths_of, stands_in_place, tell
from appliance.pull.restores.restored import Restored
from appliance.pull.watch import Watch
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.contact import Contact
    from appliance.pull.ends import Ends
    from appliance.pull.methods.on_client import OnClient
    from appliance.pull.methods.workplace import Workplace
    from appliance.pull.restores.there import Ground
    from appliance.pull.voice import Voice
    from appliance.pull.watch import Heard
    from appliance.record import RestoreOrder

# It refuses what leads out by itself (CVE-2026-62268).
_CAREFUL = (1, 4, 5)
# `extract --continue` leaves alone what stands there whole.
_GOES_ON = (1, 4)


def restore_on_client(plan: RunPlan, contact: Contact, ends: Ends, voice: Voice) -> Restored:
    """Restore a part with owners by name, everything with their numbers; raises Failure."""
    order = plan.restore
    assert order is not None  # noqa: S101 - there is no restore without
    ground = there.prepare(contact.control(), plan, order)
    if order.preview:
        tell(plan, order, contact.control(), ground, voice)
        return Restored()
    try:
        met = connect(plan, contact, voice)
        if met.workplace is None:
            raise Failure(Reason.INTERNAL, f"No Borg runs on {plan.client}: its method is {plan.method}.")
        left_out = _left_out(plan, order, contact, ground, met.workplace)
        ends.control.beat()
        patterns = tuple(one.pattern for one in left_out)
        heard = _extracted(plan, order, contact, ground, met.workplace, patterns, ends, voice)
    finally:
        voice.step("close")
        there.give_back(contact.control(), ground)
    return _restored(plan, ground, heard, left_out)


def _extracted(
    plan: RunPlan,
    order: RestoreOrder,
    contact: Contact,
    ground: Ground,
    workplace: Workplace,
    without: tuple[str, ...],
    ends: Ends,
    voice: Voice,
) -> Heard:
    asked = Asked(
        where=f"cd {shlex.quote(ground.root)} || exit 126",
        build=lambda base, rsh: extract.extract_on_client(
            order.archive,
            order.paths,
            base=base,
            rsh=rsh,
            options=("--continue",) if order.resume and version(workplace.borg) >= _GOES_ON else (),
            without=without,
        ),
    )
    voice.step("open")
    with borg_on_the_client(plan, contact, workplace, voice, asked) as opened:
        voice.step("restore")
        ends.control.say(link.CREATE)
        heard = Watch(ends.control, ends.stdout, ends.stderr, voice).until_the_end()
        opened.release()
        voice.step("verify")
        repository.break_dead_locks(plan, voice)
        opened.guard.insist_unchanged()
        ledger.insist_complete(plan, repository.look(plan).archives)
        if failure := _failure(plan, order, opened, heard):
            raise failure
    return heard


def _failure(plan: RunPlan, order: RestoreOrder, opened: OnClient, heard: Heard) -> Failure | None:
    if heard.stopped:
        return stopped(heard.stopped)
    said = " ".join([*(one.message for one in heard.warnings), heard.last_error])
    failure = opened.failure(heard)
    if failure and failure.reason is Reason.CONNECTION_LOST:
        failure = Failure(failure.reason, _BROKE.format(plan.client))
    elif failure is None and heard.is_full:
        failure = Failure(Reason.TARGET, _NO_ROOM.format(order.target or "/", plan.client))
    elif failure is None and heard.code != 0 and not exits.is_warning(heard.code):
        reason = exits.reason_of(heard.code)
        failure = Failure(reason, f"Borg on {plan.client} ended with exit code {heard.code} ({said[-300:]}). {_AGAIN}")
        if reason is Reason.INTEGRITY and heard.last:
            failure = Failure(reason, _DAMAGED.format(heard.last, plan.client))
    if failure is None:
        return None
    kept = tuple(one.message for one in heard.warnings)
    return Failure(failure.reason, failure.message, code=heard.code, warnings=kept, count=heard.warning_count)


def _restored(plan: RunPlan, ground: Ground, heard: Heard, left_out: list[LeftOut]) -> Restored:
    warnings = [f"{one.path}: not restored: {one.why}" for one in left_out]
    if not ground.is_root:
        warnings.append(f"everything belongs to {plan.user} there: only root can give files away")
    warnings.extend(said.message for said in heard.warnings)
    if not heard.listed:
        raise Failure(Reason.NOT_FOUND, f"Nothing was restored onto {plan.client}.", warnings=tuple(warnings))
    return Restored(
        files=heard.listed,
        size=heard.extracted,
        warnings=tuple(warnings),
        warning_count=len(warnings) - len(heard.warnings) + heard.warning_count,
        code=heard.code,
    )


def _left_out(
    plan: RunPlan, order: RestoreOrder, contact: Contact, ground: Ground, workplace: Workplace
) -> list[LeftOut]:
    found: list[LeftOut] = []
    if version(workplace.borg) < _CAREFUL:
        listed = repository.borg(plan, extract.list_kinds(plan, order.archive, ())).stdout.splitlines()
        found = unsafe(json.loads(line) for line in listed)
    if order.in_place:
        found += in_folders_of_odd_names(sorted(paths_of(plan, order)))
        for path in sorted(stands_in_place(plan, order, contact.control(), ground).links):
            why = f"a link stands at {path} on the client, and links are not followed"
            found.append(LeftOut(path=path, why=why, pattern=f"pp:{path}"))
    return found


def version(text: str) -> tuple[int, ...]:
    """Turn `1.4.5` into numbers that can be compared; what follows a number in a part is left out."""
    return tuple(int(found[0]) for part in text.split(".") if (found := re.match(r"\d+", part)))


_AGAIN = "What is there is not complete; the same command with --resume goes on."
_BROKE = "The connection to {0} broke in the middle of the restore. " + _AGAIN
_NO_ROOM = "The disk of {0} on {1} is full. Make room, or choose another folder with --to. " + _AGAIN
_DAMAGED = (
    "{0} is damaged in the repository, and Borg on {1} ends there: what comes after it is not restored. `--way tar` or "
    "`--way numeric` names all that is damaged and restores everything else; an older archive may have it whole."
)
