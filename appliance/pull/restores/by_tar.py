"""Way `tar`: `borg export-tar` here, looked through member by member, into `tar -x` on the client.

The page's own recipe pipes the one into the other. What comes between is S8: a tar unpacks through links that stand in
its way (busybox always, GNU where it is told to), and a stream that breaks off looks whole to it.
"""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from appliance.borg.exact import as_shown
from appliance.borg.export import folders_on_the_way
from appliance.pull.failure import Failure
from appliance.pull.restores import there
from appliance.pull.restores.export import Export
from appliance.pull.restores.looking import stands_in_place, tell
from appliance.pull.restores.members import safe_parts
from appliance.pull.restores.report import Report
from appliance.pull.restores.restored import Restored
from appliance.pull.restores.sending import Sending, Standing
from appliance.pull.restores.tar_pipe import tar_there
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.contact import Contact
    from appliance.pull.control import Control
    from appliance.pull.ends import Ends
    from appliance.pull.restores.there import Ground
    from appliance.pull.voice import Voice
    from appliance.record import RestoreOrder

_REMOVE_SECONDS = 60
_ZEROS = "{0}: zeros may stand where its content was"


def restore_by_tar(plan: RunPlan, contact: Contact, ends: Ends, voice: Voice) -> Restored:
    """Restore a part with owners by name, everything with their numbers; raises Failure."""
    order = plan.restore
    assert order is not None  # noqa: S101 - there is no restore without
    ground = there.prepare(contact.control(), plan, order)
    if order.preview:
        tell(plan, order, contact.control(), ground, voice)
        return Restored()
    voice.step("open")
    try:
        return _restore(plan, order, contact, ground, ends, voice)
    finally:
        voice.step("close")
        there.give_back(contact.control(), ground)


def _restore(
    plan: RunPlan, order: RestoreOrder, contact: Contact, ground: Ground, ends: Ends, voice: Voice
) -> Restored:
    standing = stands_in_place(plan, order, contact.control(), ground) if order.in_place else Standing()
    ends.control.beat()
    report = Report()
    voice.step("restore")
    sending = Sending(
        voice=voice,
        report=report,
        keeps_names=bool(order.paths),
        takes_root=order.in_place,
        is_gnu=ground.is_gnu,
        standing=standing,
        on_the_way=frozenset(filter(None, map(safe_parts, folders_on_the_way(order.paths)))),
    )
    try:
        with tar_there(plan, ends, ground) as pipe:
            export = Export(plan, pipe, order.archive, order.paths)
            sending.send_members(export, pipe)
            complaints = pipe.finish()
    except Failure as failure:
        raise without_zeros(failure, contact, ground, sending.cut, in_place=order.in_place) from None
    gone = [path for path in sending.cut if as_shown(path.removeprefix("./")) in export.damaged]
    if not _removed(contact.control(), ground, gone):
        for path in gone:
            report.warn(_ZEROS.format(path.removeprefix("./")))
    with tar_there(plan, ends, ground) as pipe:
        sending.send_folders(pipe)
        complaints += pipe.finish()
    for complaint in complaints:
        report.warn(complaint)
    _add(plan, report, export, ground, gone if order.in_place else [])
    return Restored(
        files=report.files,
        size=report.size,
        warnings=report.warnings(),
        warning_count=report.warning_count,
        code=export.code,
    )


def without_zeros(failure: Failure, contact: Contact, ground: Ground, cut: list[str], *, in_place: bool) -> Failure:
    """Remove what was filled up with zeros; where that cannot be done, add its names to the failure.

    In place nothing is removed: the file of the client may still stand there, untouched.
    """
    # Where the machine is gone, which may be why it all ended, nothing can be removed either.
    with suppress(Failure):
        if not in_place and _removed(contact.control(), ground, cut):
            return failure
    warnings = tuple(_ZEROS.format(path.removeprefix("./")) for path in cut)
    return Failure(
        failure.reason,
        failure.message,
        code=failure.code,
        warnings=(*failure.warnings, *warnings),
        count=failure.count + len(warnings),
    )


def _removed(control: Control, ground: Ground, gone: list[str]) -> bool:
    """Remove what was begun and turned out to be damaged, for zeros must not look like the file; returns whether."""
    if not gone:
        return True
    names = " ".join(shlex.quote(path) for path in gone)
    script = f"cd {shlex.quote(ground.root)} && rm -f {names}\n"
    return control.run(script, timeout_seconds=_REMOVE_SECONDS).code == 0


def _add(plan: RunPlan, report: Report, export: Export, ground: Ground, replaced: list[str]) -> None:
    if not ground.is_root:
        report.warn(f"everything belongs to {plan.user} there: only root can give files away")
    for path in export.unmatched:
        report.not_restored(path, "it is not in the archive")
    for path in export.damaged:
        lost = ", and what stood there is gone" if f"./{path}" in map(as_shown, replaced) else ""
        report.not_restored(path, f"its content is damaged in the repository{lost}")
    for warning in export.warnings:
        report.warn(warning)
    failure: tuple[Reason, str] | None = None
    if export.damaged:
        failure = Reason.INTEGRITY, _DAMAGED.format(len(export.damaged), export.damaged[0], report.files, plan.machine)
    elif export.unmatched and not report.files:
        unmatched = ", ".join(export.unmatched)
        failure = Reason.NOT_FOUND, f"{export.archive} holds nothing at {unmatched}; nothing was changed."
    elif report.missing and not report.files:
        failure = Reason.TARGET, f"Nothing could be restored onto {plan.machine}: {report.warnings()[-1]}."
    if failure:
        raise Failure(*failure, warnings=report.warnings(), count=report.warning_count, code=export.code)


_DAMAGED = (
    "{0} files are damaged in the repository, the first is {1}. The other {2} are on {3}. An older archive may have "
    "the damaged ones whole."
)
