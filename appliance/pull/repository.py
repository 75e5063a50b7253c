"""The repository as the run finds it and leaves it: made once, never silently; its locks; names; temporary archives."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.borg import exits, locks, output
from appliance.borg import repository as verbs
from appliance.plan import places
from appliance.plan.events import ListedArchive
from appliance.pull import execute, segments
from appliance.pull.failure import Failure
from appliance.pull.guard import restore_key
from appliance.record import Reason, RepositoryStats

if TYPE_CHECKING:
    from appliance.borg.command import Command
    from appliance.plan.run_plan import RunPlan
    from appliance.pull.voice import Voice

_ROOT = Path(places.REPOSITORY)
_CACHE = Path(places.CACHE)
# An auxiliary Borg reads or writes a manifest; only a huge index or an operator's lock makes it slow.
_LIMIT_SECONDS = 3600.0
_COURTESY_SECONDS = 120.0
_LATE = (
    "Borg was not done with the repository after {0:.0f} seconds and was stopped: is its disk slow or busy, or "
    "`timeout` too short?"
)
_WRONG_MAC = "borg.crypto.low_level.IntegrityError:"
# Borg cannot wait for a lock that it may not look into.
_CHECKPOINT = re.compile(r"\.checkpoint(\.[0-9]+)?$")
_FOREIGN_LOCK = re.compile(r"Permission denied: '[^']*/lock\.(?:exclusive|roster)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A repository that opened with our passphrase: its id and its archives, temporary ones apart."""

    repository_id: str
    encryption: str
    archives: tuple[ListedArchive, ...]
    temporary: tuple[str, ...]


def exists() -> bool:
    """Whether there is a repository at all."""
    return (_ROOT / "config").is_file()


def insist_there(plan: RunPlan) -> None:
    """Fail where there is no repository; raises Failure."""
    if exists():
        return
    if plan.repository_id:
        raise Failure(
            Reason.REPOSITORY_MISSING,
            f"The repository of {plan.client} is gone from {places.repository_folder(plan.client)}; "
            "is the volume mounted? Nothing was made in its place.",
        )
    raise Failure(Reason.REPOSITORY_MISSING, f"{plan.client} has no repository yet; it is made by the first run.")


def look(plan: RunPlan) -> Found:
    """Open the repository: right passphrase, right id, nobody else's lock. Raises Failure."""
    insist_there(plan)
    listed = output.read_listed(borg(plan, verbs.list_archives(plan)).stdout)
    if plan.repository_id and listed.repository_id != plan.repository_id:
        raise Failure(
            Reason.REPOSITORY,
            f"Another repository stands in {places.repository_folder(plan.client)}: its id is {listed.repository_id}, "
            f"but the journal knows {plan.repository_id}. Put the right one back.",
        )
    archives, temporary = told_apart(plan, listed)
    return Found(
        repository_id=listed.repository_id, encryption=listed.encryption, archives=archives, temporary=temporary
    )


def is_unfinished(plan: RunPlan, name: str) -> bool:
    """Whether the archive's name is one that a run had not come to the end of: ours, or any Borg's checkpoint."""
    return name.startswith(f"{plan.client}.tmp-") or _CHECKPOINT.search(name) is not None


def told_apart(plan: RunPlan, listed: output.Listed) -> tuple[tuple[ListedArchive, ...], tuple[str, ...]]:
    """Return the archives that count, whatever their names (imported ones have any), and the temporary ones' names.

    What somebody else's Borg left unfinished is neither, unless the ledger has it from a version that took it in.
    """
    prefix, known = f"{plan.client}.tmp-", {archive.id for archive in plan.known}
    archives = tuple(
        ListedArchive(name=name, id=id_, started=started)
        for name, id_, started in listed.archives
        if not name.startswith(prefix) and (id_ in known or not is_unfinished(plan, name))
    )
    return archives, tuple(name for name, _, _ in listed.archives if name.startswith(prefix))


def make(plan: RunPlan, voice: Voice) -> Found:
    """Make the repository of a client that never had one."""
    voice.note(f"making a repository for {plan.client} ({plan.encryption})")
    borg(plan, verbs.init(plan))
    return look(plan)


def describe(plan: RunPlan) -> output.Created:
    """Describe this run's archive as the repository has it; raises Failure when it is not there."""
    return output.read_info(borg(plan, verbs.info(plan)).stdout)


def added_by(plan: RunPlan) -> int:
    """Return how much the repository would lose with this run's final archive, in bytes; raises Failure.

    Nobody waits for it for long: the archive counts already.
    """
    finished = borg(plan, verbs.info_final(plan), limit=_COURTESY_SECONDS)
    return output.read_info(finished.stdout).archive.deduplicated_size


def give_final_name(plan: RunPlan) -> None:
    """Rename the archive of this run: from here on it counts."""
    borg(plan, verbs.rename(plan))


def forget(plan: RunPlan, temporary: tuple[str, ...], voice: Voice) -> None:
    """Delete archives that never counted. Not being able to is a note: the next run tries again."""
    if not temporary:
        return
    try:
        borg(plan, verbs.delete(plan, temporary))
    except Failure as failure:
        voice.note(f"temporary archives stay for now: {failure.message}", "warning")


def totals(plan: RunPlan) -> dict[str, int]:
    """Return the sums over all archives, as Borg's cache knows them."""
    return output.read_totals(borg(plan, verbs.info_repository(plan)).stdout)


def stats(found: Found, cache: dict[str, int], archives: int) -> RepositoryStats:
    """Say how large the repository is now, and how it stands."""
    standing = segments.standing()
    return RepositoryStats(
        id=found.repository_id,
        encryption=found.encryption,
        total_size=cache["total_size"],
        total_csize=cache["total_csize"],
        unique_csize=cache["unique_csize"],
        total_chunks=cache["total_chunks"],
        total_unique_chunks=cache["total_unique_chunks"],
        disk_size=disk_size(),
        archives=archives,
        transaction=standing.transaction if standing else None,
        segments=standing.segments if standing else None,
    )


def run_borg(plan: RunPlan, command: Command, *, limit: float = _LIMIT_SECONDS) -> execute.Finished:
    """Run an auxiliary Borg with the passphrase as a descriptor; the caller judges the exit code.

    It is killed after `limit` seconds, or after those that the plan leaves; raises Failure then.
    """
    descriptor = os.open(places.PASSPHRASE, os.O_RDONLY)
    try:
        env = {**command.env, "BORG_PASSPHRASE_FD": str(descriptor)}
        seconds = min(limit, plan.timeout)
        finished = execute.run(command.argv, env, descriptors=(descriptor,), timeout_seconds=seconds)
    finally:
        os.close(descriptor)
    insist_in_time(finished, seconds)
    return finished


def insist_in_time(finished: execute.Finished, seconds: float) -> None:
    """Raise Failure for a Borg that was killed since these seconds were over: nobody did that from outside."""
    if finished.is_late:
        raise Failure(Reason.TIMEOUT, _LATE.format(seconds), code=finished.code)


def why(stderr: str) -> str:
    """Borg's own last complaint, as one line."""
    messages = [said for line in stderr.splitlines() if isinstance(said := output.read_line(line), output.LogMessage)]
    troubles = [said.message for said in messages if said.is_trouble]
    return " ".join((troubles or ["no message"])[-1].split())[:500]


def borg(plan: RunPlan, command: Command, *, limit: float = _LIMIT_SECONDS) -> execute.Finished:
    """Run an auxiliary Borg that must work; raises Failure. Warnings are for the caller to read."""
    finished = run_borg(plan, command, limit=limit)
    if finished.code != 0 and not exits.is_warning(finished.code):
        raise borg_failure(plan, finished.code, finished.stderr)
    return finished


def is_damage(code: int, stderr: str) -> bool:
    """Whether Borg ended since what it read is not what was written. Of a MAC that is wrong it just crashes (1.4.5)."""
    if exits.is_signal(code) or code == 0:
        return False
    return exits.reason_of(code) is Reason.INTEGRITY or why(stderr).startswith(_WRONG_MAC)


def borg_failure(plan: RunPlan, code: int, stderr: str) -> Failure:
    """Turn a Borg that failed into the run's failure: by its exit code, and where that is blunt, by what it said."""
    reason, said = exits.reason_of(code), why(stderr)
    if exits.is_signal(code):
        return Failure(Reason.KILLED, f"Borg was killed from outside (exit {code}).", code=code)
    if is_damage(code, stderr):
        reason = Reason.INTEGRITY
    elif "No space left on device" in stderr or "Disk quota exceeded" in stderr:
        reason = Reason.NO_SPACE
    elif "storage quota" in stderr:
        # Over the wire Borg has no exit code of its own for it.
        reason = Reason.QUOTA
    elif "Read-only file system" in stderr:
        reason = Reason.READ_ONLY
    elif _FOREIGN_LOCK.search(stderr):
        reason, said = Reason.LOCK, f"{said}; is it held by root?"
    sentence = {
        Reason.NO_SPACE: "The volume of the repositories is full; free some room, Borg needs it even to delete.",
        Reason.QUOTA: f"The repository of {plan.client} is as large as it may be: raise `quota` or prune.",
        Reason.READ_ONLY: "The volume of the repositories is read-only; look at the disk, then mount it writable.",
        Reason.PASSPHRASE: f"The passphrase in secrets/{plan.client} does not open the repository.",
        Reason.LOCK: "Somebody else holds the repository's lock; it was respected and not broken.",
    }.get(reason, "Borg failed.")
    return Failure(reason, f"{sentence} (Borg says: {said})", code=code)


def break_dead_locks(plan: RunPlan, voice: Voice) -> None:
    """Break what a run that is gone left behind; only for a run that holds the client's container name."""
    restore_key(plan)
    owners = _lock_owners(_ROOT).union(*(_lock_owners(folder) for folder in _CACHE.glob(".cache/borg/*")))
    if not owners or not locks.are_all_dead(owners, plan.appliance_id, plan.alive):
        return
    voice.note(f"breaking the lock of a run that is gone: {', '.join(sorted(owners))}", "warning")
    borg(plan, verbs.break_lock(plan))


def insist_unlocked() -> None:
    """Fail where anybody holds the repository's lock; raises Failure."""
    owners = _lock_owners(_ROOT)
    if owners:
        raise Failure(Reason.LOCK, f"{', '.join(sorted(owners))} holds the repository's lock; end that Borg first.")


def _lock_owners(folder: Path) -> frozenset[str]:
    exclusive, roster = folder / "lock.exclusive", folder / "lock.roster"
    try:
        names = tuple(entry.name for entry in exclusive.iterdir()) if exclusive.is_dir() else ()
        return locks.holders(names, roster.read_text("utf-8", "replace") if roster.is_file() else "")
    except PermissionError:
        # An operator's Borg that runs as root: what cannot be read is not ours, and not broken.
        return frozenset({"somebody with other rights"})


def disk_size() -> int:
    """Return how many bytes the repository's files have."""
    return sum(os.lstat(Path(place) / name).st_size for place, _, names in os.walk(_ROOT) for name in names)
