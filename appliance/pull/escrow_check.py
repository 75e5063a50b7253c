"""The proof of an escrow: the repository's folder, the exported key and the passphrase are enough to read files back.

Borg is given a view of the repository in memory: its segments as they lie on the disk, and a `config` from which the
key was taken out, into which the exported key is then imported. So it works exactly where the operator's copy of the
key does, nothing on the disk is written, and a lock of a backup is neither waited for nor disturbed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.borg import output, search
from appliance.borg import repository as verbs
from appliance.plan import gates, places
from appliance.plan.age import recency
from appliance.plan.events import Result
from appliance.plan.sample import Sample
from appliance.pull import execute, repository
from appliance.pull.answers import lines_of
from appliance.pull.beginning import read_beginning
from appliance.pull.failure import Failure
from appliance.pull.restores.listening import borg_running
from appliance.record import Outcome, Reason

if TYPE_CHECKING:
    from appliance.borg.command import Command
    from appliance.plan.run_plan import RunPlan
    from appliance.plan.sample import Member
    from appliance.pull.voice import Voice

_ON_DISK = Path(places.REPOSITORY)
_VIEW = Path(places.SCRATCH / "escrow")
_BASE = Path(places.SCRATCH / "borg")
# `key = ` and the lines that go on with it.
_KEY = re.compile(r"^key *=.*\n(?:[ \t]+.*\n)*", re.MULTILINE)
_CHUNK = 1 << 20


def check(plan: RunPlan, voice: Voice) -> Result:
    """List the archives and read a sample of the newest one; raises Failure."""
    _make_view(plan)
    _import_key(plan)
    listed = output.read_listed(_borg(plan, verbs.list_archives(plan)).stdout)
    if plan.repository_id and listed.repository_id != plan.repository_id:
        raise Failure(
            Reason.REPOSITORY,
            f"{places.repository_folder(plan.client)} holds another repository ({listed.repository_id}) than the "
            f"bundle knows ({plan.repository_id}).",
        )
    archives, _ = repository.told_apart(plan, listed)
    missing = gates.missing(plan, archives)
    now = datetime.now(UTC)
    newest = max(archives, key=lambda archive: recency(archive.started, now), default=None)
    if newest is None:
        raise Failure(Reason.NOT_FOUND, f"The repository of {plan.client} opens, but no archive is in it.")
    sample = _sample(plan, newest.name)
    chosen, begun = sample.chosen(), sample.beginning()
    read = _read_back(plan, newest.name, chosen) if chosen else 0
    if begun is not None:
        printing = _on_view(verbs.print_files(plan, newest.name, (begun.path,)))
        read = read_beginning(plan, printing, newest.name, begun)
    voice.data(
        {
            "archives": len(archives),
            "gone": [known.name for known in missing],
            "newest": newest.name,
            "files": sample.offered,
            "read": len(chosen),
            "in_part": int(begun is not None),
            "bytes": read,
        }
    )
    return Result(outcome=Outcome.SUCCESS)


def _make_view(plan: RunPlan) -> None:
    try:
        config = (_ON_DISK / "config").read_text("utf-8")
        _VIEW.mkdir(mode=0o700)
        _BASE.mkdir(mode=0o700)
        for entry in _ON_DISK.iterdir():
            if not entry.name.startswith(("config", "lock.")):
                (_VIEW / entry.name).symlink_to(entry)
        (_VIEW / "config").write_text(_KEY.sub("", config), "utf-8")
    except FileNotFoundError as error:
        raise Failure(
            Reason.REPOSITORY_MISSING, f"There is no repository in {places.repository_folder(plan.client)}."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(Reason.REPOSITORY, f"{places.repository_folder(plan.client)} cannot be read: {error}.") from error


def _import_key(plan: RunPlan) -> None:
    imported = repository.run_borg(plan, _on_view(verbs.import_key(plan)))
    if imported.code != 0:
        raise Failure(
            Reason.PASSPHRASE,
            f"The exported key of {plan.client} is not that of this repository. (Borg says: "
            f"{repository.why(imported.stderr)})",
            code=imported.code,
        )


def _sample(plan: RunPlan, archive: str) -> Sample:
    sample = Sample()
    for line in lines_of(plan, _on_view(search.list_files(plan, archive, ()))):
        member = search.read_member(line)
        if member is not None:
            sample.offer(member)
    return sample


def _read_back(plan: RunPlan, archive: str, members: tuple[Member, ...]) -> int:
    """Extract these files and count their bytes; Borg itself proves each chunk of them by its key."""
    expected, count = sum(member.size for member in members), 0
    command = verbs.print_files(plan, archive, tuple(member.path for member in members))
    with borg_running(_on_view(command), stdout=execute.PIPE) as process:
        while process.stdout and (chunk := process.stdout.read(_CHUNK)):
            count += len(chunk)
        stderr = (process.stderr.read() if process.stderr else b"").decode("utf-8", "replace")
        code = process.wait()
    if code != 0:
        raise repository.borg_failure(plan, code, stderr)
    if count != expected:
        raise Failure(
            Reason.INTEGRITY,
            f"{len(members)} files of {archive} have {expected} bytes, and {count} of them could be read back.",
        )
    return count


def _borg(plan: RunPlan, command: Command) -> execute.Finished:
    return repository.borg(plan, _on_view(command))


def _on_view(command: Command) -> Command:
    """Turn a command on the repository into one on the view, without any cache: there is none in an emergency."""
    view, base = str(_VIEW), str(_BASE)
    here = str(places.REPOSITORY)
    argv = tuple(view + word.removeprefix(here) if word.startswith(here) else word for word in command.argv)
    places_of_borg = {"BORG_BASE_DIR": base, "HOME": base, "TMPDIR": base}
    return replace(command, argv=argv, env={**command.env, **places_of_borg, "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"})
