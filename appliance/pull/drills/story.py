"""A drill as the unprivileged half tells it: a sample of the newest archive comes back, and is what it should be."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.borg import exits
from appliance.borg import sample as verbs
from appliance.borg.repository import print_files
from appliance.plan import places
from appliance.plan.age import recency
from appliance.plan.events import CheckFindings, Result
from appliance.pull import ledger, repository
from appliance.pull.answers import lines_of
from appliance.pull.beginning import read_beginning
from appliance.pull.drills.comparing import differences, microseconds
from appliance.pull.drills.sample import Sample, choose
from appliance.pull.drills.spot import spot
from appliance.pull.execute import DEVNULL
from appliance.pull.failure import Failure, stopped
from appliance.pull.restores.listening import Listening, borg_running
from appliance.pull.restores.standing_here import open_folders
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.plan.events import ListedArchive
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.ends import Ends
    from appliance.pull.voice import Voice

_CACHE = Path(places.CACHE)
_NAMED = 100


def drill(plan: RunPlan, ends: Ends, voice: Voice) -> Result:
    """Restore a sample here and compare it; in the second container, compare the sample with the client."""
    if Path(places.SAMPLE).exists():
        return spot(plan, ends, voice)
    voice.step("look")
    repository.break_dead_locks(plan, voice)
    archive = _newest(plan)
    try:
        return _restore(plan, archive.name, ends, voice)
    except Failure as failure:
        if failure.reason is not Reason.INTEGRITY:
            raise
        # So no prune lets the archive go that has the last whole copy, until a check has read this one whole.
        return replace(failure.result(), check=CheckFindings(damaged=(archive.id,)))


def _restore(plan: RunPlan, archive: str, ends: Ends, voice: Voice) -> Result:
    voice.step("sample")
    sample = _chosen(plan, archive, ends)
    if sample.broken:
        raise Failure(
            Reason.INTEGRITY,
            _BROKEN.format(len(sample.broken), archive, sample.broken[0]),
            warnings=sample.broken[:_NAMED],
            count=len(sample.broken),
        )
    voice.step("restore")
    entries = _restored(plan, archive, sample, ends, voice) if sample.paths else []
    if sample.begun is not None:
        printing = print_files(plan, archive, (sample.begun.path,))
        read_beginning(plan, printing, archive, sample.begun, ends.control.beat)
    end = _ended(archive, sample, entries)
    _leave_sample(end, entries)
    return end


def _restored(plan: RunPlan, archive: str, sample: Sample, ends: Ends, voice: Voice) -> list[dict[str, Any]]:
    """Bring the sample back here and compare it with its list, which is returned; raises Failure."""
    with _scratch() as root:
        _extract(plan, archive, sample, root, ends, voice)
        voice.step("compare")
        entries = [json.loads(line) for line in lines_of(plan, verbs.list_sample(plan, archive, sample.paths))]
        ends.control.beat()
        _insist_same(archive, differences(root, entries, ends.control.beat))
    return entries


def _newest(plan: RunPlan) -> ListedArchive:
    found = repository.look(plan)
    ledger.insist_complete(plan, found.archives)
    known = {archive.id for archive in plan.known}
    good = [archive for archive in found.archives if archive.id in known]
    if not good:
        raise Failure(Reason.NOT_FOUND, f"{plan.client} has no good archive yet, so there is nothing to try.")
    now = datetime.now(UTC)
    return max(good, key=lambda archive: recency(archive.started, now))


def _chosen(plan: RunPlan, archive: str, ends: Ends) -> Sample:
    def entries() -> Iterator[dict[str, Any]]:
        for line in lines_of(plan, verbs.list_choice(plan, archive)):
            ends.control.beat()
            yield json.loads(line)

    sample = choose(entries(), plan.run_id)
    if not sample.paths and sample.begun is None:
        raise Failure(Reason.NOT_FOUND, f"{archive} holds nothing that a drill can restore.")
    return sample


@contextmanager
def _scratch() -> Iterator[Path]:
    """Make an empty folder on the disk of the caches, and remove it whatever happens."""
    root = _CACHE / "drill"
    _remove(root)
    root.mkdir(mode=0o700)
    try:
        yield root
    finally:
        _remove(root)


def _remove(root: Path) -> None:
    if os.path.lexists(root):
        open_folders(root)
        shutil.rmtree(root)


def _extract(plan: RunPlan, archive: str, sample: Sample, root: Path, ends: Ends, voice: Voice) -> None:
    command = verbs.extract_sample(plan, archive, sample.paths)
    with borg_running(command, stdout=DEVNULL, directory=str(root)) as process:
        told = Listening(ends.control, voice).until_the_end(process)
    if told.stopped:
        raise stopped(told.stopped)
    if told.is_full:
        raise Failure(Reason.NO_SPACE, "/state is full; a drill restores up to 256 MiB there for a moment. Make room.")
    if told.code != 0 and not exits.is_warning(told.code):
        if exits.reason_of(told.code) is Reason.INTEGRITY:
            raise Failure(Reason.INTEGRITY, _DAMAGED.format(told.last or "a file", archive), code=told.code)
        raise repository.borg_failure(plan, told.code, told.stderr)
    if told.warnings or told.unmatched:
        _insist_same(archive, (*told.warnings, *(f"{path}: it did not come back" for path in told.unmatched)))


def _insist_same(archive: str, wrong: tuple[str, ...]) -> None:
    if wrong:
        sentence = _OTHERWISE.format(len(wrong), archive, wrong[0])
        raise Failure(Reason.MISMATCH, sentence, warnings=wrong[:_NAMED], count=len(wrong))


def _ended(archive: str, sample: Sample, entries: list[dict[str, Any]]) -> Result:
    """Say how the first half ended. Where no content was read, nothing is proven of any."""
    told = [_told(archive, sample, entries)] if entries else []
    if sample.begun is not None:
        told.append(_BEGUN.format(archive, sample.begun.path))
    elif not sample.holds_content:
        message = " ".join([*told, _NOTHING_READ.format(archive)])
        return Result(outcome=Outcome.WARNING, reason=Reason.NOT_FOUND, message=message, facts=sample.kinds)
    return Result(outcome=Outcome.SUCCESS, message=" ".join(told), facts=sample.kinds)


def _told(archive: str, sample: Sample, entries: list[dict[str, Any]]) -> str:
    size = sum(int(entry["size"] or 0) for entry in entries if entry["type"] == "-")
    return (
        f"{len(entries)} of {sample.members} members of {archive} ({size} bytes; of the kinds "
        f"{', '.join(sample.kinds)}) came back as its list says."
    )


def _leave_sample(end: Result, entries: list[dict[str, Any]]) -> None:
    """Leave for the second container what it compares with the client: no content, and nothing of the repository."""
    files = [
        {key: entry.get(key) for key in ("path", "type", "source", "size", "sha256")} | {"mtime": microseconds(entry)}
        for entry in entries
        if entry["type"] == "l" or (entry["type"] == "-" and not entry["source"])
    ]
    left = {"message": end.message, "reason": end.reason, "files": files}
    (_CACHE / places.SAMPLE.name).write_text(json.dumps(left), "ascii")


_BEGUN = "No file of {0} that is small enough for a drill holds anything; the first 64 MiB of {1} could be read."
_NOTHING_READ = (
    "No file of {0} that a drill can read holds anything, so no content was proven. Is that all there is to back up?"
)
_BROKEN = (
    "{0} files of {1} have lost content that a repair filled with zeros, the first is {2}. The next good run of the "
    "client brings it back where its file is still there; an older archive may have it whole."
)
_DAMAGED = (
    "{0} of {1} is damaged in the repository and cannot be restored. Look at the disk, and at the entry `integrity` in "
    "docs/troubleshooting.md."
)
_OTHERWISE = "{0} members of {1} did not come back as its list says, the first: {2}. Look at the disk and the memory."
