"""One create run as the unprivileged half tells it: DESIGN §4, steps 5 to 12."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.borg import exits, output
from appliance.errors import StateError
from appliance.plan import gates
from appliance.plan.events import Result
from appliance.pull import bounds, clocks, ledger, link, repository
from appliance.pull.contact import Contact
from appliance.pull.failure import Failure, insist, stopped
from appliance.pull.hooks import Hooks, hooks
from appliance.pull.methods.opened import connect, opened
from appliance.pull.naming import under_its_final_name
from appliance.pull.watch import Heard, Watch
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.ends import Ends
    from appliance.pull.methods.opened import Met
    from appliance.pull.methods.reading import Reading
    from appliance.pull.voice import Voice
    from appliance.record import ArchiveStats

_NAMED_FILES = 3


def probe(plan: RunPlan, ends: Ends, voice: Voice) -> Result:
    """Go as far as the liveness gate and back: everything a pull needs but Borg."""
    with Contact(plan) as contact:
        return _probe(plan, contact, ends, voice)


def _probe(plan: RunPlan, contact: Contact, ends: Ends, voice: Voice) -> Result:
    voice.step("connect")
    met = connect(plan, contact, voice)
    Hooks(plan, contact, ends, voice).check()
    # Asked before the client has a session of `borg serve`: what it does in it must not decide whether we look.
    has_repository = repository.exists()
    voice.step("open")
    ends.control.beat()
    with opened(plan, met, ends, voice) as reading:
        voice.step("liveness")
        reading.check_paths(plan.paths)
        reading.try_way()
        if has_repository:
            reading.release()
            reading.audit(voice)
    message = f"{'; '.join((f'{plan.client} answers', *met.facts, *_found(plan, reading)))}."
    lacking = met.lacking or reading.lacking
    reason, doubt = clocks.too_far(met.apart) or (Reason.OWNERS if lacking else None, "")
    return Result(
        outcome=Outcome.WARNING if reason else Outcome.SUCCESS,
        reason=reason,
        message=" ".join(filter(None, (message, doubt, lacking))),
        facts=met.facts,
        source_filesystem=reading.filesystem,
        listed_by=reading.listed_by,
    )


def _found(plan: RunPlan, reading: Reading) -> tuple[str, ...]:
    count = len(plan.paths)
    there = "its path is there" if count == 1 else f"all {count} paths are there"
    listed = f"listed by {reading.listed_by}"
    return (*((listed,) if reading.listed_by else ()), *((there,) if count else ()))


def create(plan: RunPlan, ends: Ends, voice: Voice) -> Result:
    """Make one archive that counts, or none."""
    with Contact(plan) as contact:
        return _create(plan, contact, ends, voice)


def _create(plan: RunPlan, contact: Contact, ends: Ends, voice: Voice) -> Result:
    voice.step("connect")
    with ThreadPoolExecutor(1) as beside:
        # Opening the repository and reaching the client take a second each and do not need each other.
        looking = beside.submit(_look, plan, voice) if _should_exist(plan) else None
        met = connect(plan, contact, voice)
        found = looking.result() if looking else repository.make(plan, voice)
    ledger.insist_complete(plan, found.archives)
    bounds.settle(plan)
    ends.control.beat()
    with hooks(plan, contact, ends, voice) as hooked:
        created, heard, reading = _read(plan, met, found, ends, voice)
    return hooked.told(_result(plan, met, found, created, heard, reading, voice))


def _read(
    plan: RunPlan, met: Met, found: repository.Found, ends: Ends, voice: Voice
) -> tuple[output.Created, Heard, Reading]:
    voice.step("open")
    ends.control.beat()
    with opened(plan, met, ends, voice) as reading:
        voice.step("liveness")
        reading.check_paths(plan.paths)
        insist(gates.filesystem_gate(plan.baseline.filesystem if plan.baseline else "", reading.filesystem))
        voice.step("create")
        ends.control.say(link.CREATE, reading.note)
        heard = Watch(ends.control, ends.stdout, ends.stderr, voice).until_the_end()
        try:
            voice.step("verify")
            created = _verified(plan, reading, heard)
            voice.step("rename")
            repository.give_final_name(plan)
        except Failure:
            reading.release()
            # Borg is dead by now; one that was terminated may have left its lock.
            repository.break_dead_locks(plan, voice)
            # Before anything is written: what was tampered with stays as it is.
            reading.audit(voice)
            repository.forget(plan, _made_in_vain(plan, heard), voice)
            raise
        repository.forget(plan, found.temporary, voice)
        if found.temporary:
            created = _with_what_was_read_before(plan, created, voice)
        voice.step("close")
    return created, heard, reading


def _with_what_was_read_before(plan: RunPlan, created: output.Created, voice: Voice) -> output.Created:
    """Count what an unfinished run had stored already: to Borg it was not new, and a burst of changes would hide."""
    try:
        added = repository.added_by(plan)
    except (Failure, StateError) as error:
        voice.note(f"what the unfinished run before has stored is not counted as new: {error}", "warning")
        return created
    most = max(added, created.archive.deduplicated_size)
    return replace(created, archive=replace(created.archive, deduplicated_size=most))


def _look(plan: RunPlan, voice: Voice) -> repository.Found:
    repository.break_dead_locks(plan, voice)
    return repository.look(plan)


def _should_exist(plan: RunPlan) -> bool:
    return plan.repository_id is not None or repository.exists()


def _verified(plan: RunPlan, reading: Reading, heard: Heard) -> output.Created:
    """The gates after Borg: only they decide; a dead mount gives Borg's exit code 0 or 106 as it likes (R1)."""
    if heard.stopped:
        raise _with_warnings(stopped(heard.stopped), heard)
    if heard.lost:
        raise _with_warnings(Failure(Reason.CONNECTION_LOST, _LOST.format(plan.client)), heard)
    if failure := reading.failure(heard):
        raise _with_warnings(failure, heard)
    if heard.code != 0 and not exits.is_warning(heard.code):
        failure = repository.borg_failure(plan, heard.code, _as_stderr(heard))
        raise _with_warnings(failure, heard)
    created = reading.created(heard)
    insist(gates.io_error_gate(heard.broken_reads))
    if created.archive.files == 0:
        raise Failure(Reason.SOURCE_EMPTY, f"Not one file was found in {', '.join(plan.paths)}; nothing was kept.")
    insist(gates.collapse_gate(plan.baseline, created.archive.files, created.archive.original_size, plan.max_shrink))
    return created


_LOST = "The connection to {} broke in the middle; nothing was kept, and the next run starts again."


def _made_in_vain(plan: RunPlan, heard: Heard) -> tuple[str, ...]:
    """The temporary archive of this run, if Borg went as far as saving it; a checkpoint stays for the next run."""
    saved = heard.code == 0 or exits.is_warning(heard.code)
    return (plan.temporary_archive_name,) if saved and heard.stdout else ()


def _result(
    plan: RunPlan,
    met: Met,
    found: repository.Found,
    created: output.Created,
    heard: Heard,
    reading: Reading,
    voice: Voice,
) -> Result:
    archive, archives = under_its_final_name(plan, created.archive, voice)
    lacking = tuple(filter(None, (met.lacking or reading.lacking,)))
    reason, message = _judged(created.archive.files, heard, archive, lacking)
    return Result(
        outcome=Outcome.WARNING if reason else Outcome.SUCCESS,
        reason=reason,
        message=message,
        warnings=(*lacking, *(said.message for said in heard.warnings)),
        warning_count=heard.warning_count + len(lacking),
        exit_code=heard.code,
        archive=archive,
        repository=repository.stats(found, created.cache, len(archives)),
        archives=archives,
        source_filesystem=reading.filesystem,
        listed_by=reading.listed_by,
        facts=met.facts,
        gone=ledger.gone_by_our_prune(plan, archives),
    )


def _judged(files: int, heard: Heard, archive: ArchiveStats, lacking: tuple[str, ...]) -> tuple[Reason | None, str]:
    if heard.warning_count or heard.code != 0:
        return _warning(heard)
    if lacking:
        return Reason.OWNERS, lacking[0]
    return None, f"{files} files in {archive.name}."


def _warning(heard: Heard) -> tuple[Reason, str]:
    changed = [said for said in heard.warnings if said.message_id in _CHANGED]
    unread = [said for said in heard.warnings if said.message_id not in _CHANGED]
    named = "; ".join(said.message for said in (unread or changed)[:_NAMED_FILES])
    more = heard.warning_count - min(len(unread or changed), _NAMED_FILES)
    rest = f"; and {more} more" if more > 0 else ""
    if unread or not changed:
        count = heard.warning_count - len(changed)
        return Reason.UNREADABLE, f"The archive lacks {count} {_files(count)} that could not be read: {named}{rest}."
    return Reason.CHANGED, f"{len(changed)} {_files(len(changed))} changed or vanished while being read: {named}{rest}."


# Files that moved under Borg's eyes: the archive holds what was there, or lacks what is gone anyway.
_CHANGED = frozenset({"FileChangedWarning", "BackupFileNotFoundError"})


def _files(count: int) -> str:
    return "file" if count == 1 else "files"


def _as_stderr(heard: Heard) -> str:
    messages = [*(said.message for said in heard.warnings), heard.last_error]
    return "\n".join(json.dumps({"type": "log_message", "levelname": "ERROR", "message": text}) for text in messages)


def _with_warnings(failure: Failure, heard: Heard) -> Failure:
    kept = tuple(said.message for said in heard.warnings)
    return Failure(failure.reason, failure.message, code=heard.code, warnings=kept, count=heard.warning_count)
