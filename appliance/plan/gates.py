"""Decisions allow or refuse, with reason and sentence, taken before a run starts and before its archive counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from appliance.config.model import MachineClient, SshAgentClient
from appliance.plan import places
from appliance.plan.run_plan import PULLFS, STOCK_SSHFS
from appliance.record import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.config.model import Client
    from appliance.plan.events import ListedArchive
    from appliance.plan.run_plan import Baseline, KnownArchive, RunPlan
    from appliance.record import KnownRepository

_GIB = 1 << 30
_NAMED = 3
_TOLERATED_DRIFT = timedelta(seconds=2)

TOLERATED_IO_ERRORS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something must not happen. None in its place means: allowed."""

    reason: Reason
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What stands on the volumes before a run of one client. `marker` is the appliance id in it, `free_space` bytes.

    `pinned` are the aliases (places.host_key_alias) whose host keys are pinned, `has_known_hosts` says whether the
    client's own is among them.
    """

    free_space: int
    read_only: bool
    marker: str | None
    has_repository: bool
    has_key: bool
    has_known_hosts: bool
    has_passphrase: bool
    pinned: frozenset[str] = frozenset()
    has_agent_key: bool = False


def launch_gate(
    client: Client,
    ground: Ground,
    *,
    floor: int,
    appliance_id: str,
    known: KnownRepository | None,
    others_known: bool,
) -> Refusal | None:
    """Return the first refusal that speaks against starting a run, or None. `floor` is in bytes."""
    return (
        read_only_gate(ground)
        or repository_gate(client.name, ground, appliance_id=appliance_id, known=known, others_known=others_known)
        or free_space_gate(ground, floor)
        or secrets_gate(client, ground)
    )


def restore_gate(
    client: Client, ground: Ground, *, appliance_id: str, known: KnownRepository | None, others_known: bool
) -> Refusal | None:
    """Return what speaks against a restore onto this server: it needs the repository and no room in /repos.

    The client itself is not met, so it may be gone, and need neither key nor pin.
    """
    name = client.name
    missing = read_only_gate(ground) or repository_gate(
        name, ground, appliance_id=appliance_id, known=known, others_known=others_known
    )
    if missing is None and not ground.has_repository:
        missing = _missing(f"{name} has no repository yet, so there is nothing to restore.")
    return missing or _passphrase_gate(name, ground)


def read_only_gate(ground: Ground) -> Refusal | None:
    """Refuse when nothing can be written to the repositories."""
    if not ground.read_only:
        return None
    sentence = "/repos is mounted read-only; check the disk (a file system turns read-only after errors) and the mount."
    return Refusal(reason=Reason.READ_ONLY, sentence=sentence)


def free_space_gate(ground: Ground, floor: int) -> Refusal | None:
    """Refuse below the floor: a full disk in the middle of a run is worse than none."""
    if ground.free_space >= floor:
        return None
    sentence = (
        f"Only {ground.free_space / _GIB:.2f} GiB are free on /repos, less than `free_space` ({floor / _GIB:.2f} GiB); "
        "make room or lower it."
    )
    return Refusal(reason=Reason.NO_SPACE, sentence=sentence)


def repository_gate(
    name: str, ground: Ground, *, appliance_id: str, known: KnownRepository | None, others_known: bool
) -> Refusal | None:
    """Refuse when a repository that should be there is not: never make a new one on an unmounted volume (S9)."""
    if ground.marker is not None and ground.marker != appliance_id:
        return _missing(
            "The volume at /repos belongs to another appliance (or /state is new). If it is the right one, remove the "
            "file /repos/.borgpull-volume once; else mount the right volume."
        )
    if ground.marker is None and (known is not None or others_known):
        return _missing(
            "The volume at /repos is not the one this appliance wrote to: its file .borgpull-volume is missing. "
            "Mount the right volume."
        )
    if known is not None and not ground.has_repository:
        return _missing(
            f"The repository of {name} should be in /repos/{name} and is not. Bring it back; "
            "if it was removed on purpose, give the client a new name to begin anew."
        )
    return None


def secrets_gate(client: Client, ground: Ground) -> Refusal | None:
    """Refuse when a secret or a pin is missing, with the command that makes it."""
    name = client.name
    if refusal := _passphrase_gate(name, ground):
        return refusal
    lacks_a_key = (isinstance(client, MachineClient) and not ground.has_key) or (
        isinstance(client, SshAgentClient) and client.dedicated_key and not ground.has_agent_key
    )
    if not ground.has_passphrase or lacks_a_key:
        sentence = f"{name} has no key or passphrase yet; run `borgpull client setup {name}` and do what it prints."
        return Refusal(reason=Reason.AUTH, sentence=sentence)
    if isinstance(client, MachineClient):
        return _pins_gate(client, ground)
    return None


def _passphrase_gate(name: str, ground: Ground) -> Refusal | None:
    if ground.has_passphrase or not ground.has_repository:
        return None
    sentence = f"The passphrase of {name} is missing; bring /config/secrets/{name}/passphrase back."
    return Refusal(reason=Reason.PASSPHRASE, sentence=sentence)


def _pins_gate(client: MachineClient, ground: Ground) -> Refusal | None:
    name = client.name
    strangers = [hop for n, hop in enumerate(client.jump, 1) if places.host_key_alias(name, n) not in ground.pinned]
    if not strangers and ground.has_known_hosts:
        return None
    whose = f"{strangers[0].host} on the way to {name}" if strangers else name
    sentence = f"The host key of {whose} is not pinned yet; run `borgpull client trust {name}`."
    return Refusal(reason=Reason.HOST_KEY, sentence=sentence)


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


def _missing(sentence: str) -> Refusal:
    return Refusal(reason=Reason.REPOSITORY_MISSING, sentence=sentence)
