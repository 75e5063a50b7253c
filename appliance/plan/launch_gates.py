"""Decisions to refuse, with reason and sentence, taken before a run starts: what stands on the volumes speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.config.model import MachineClient, SshAgentClient
from appliance.plan import places
from appliance.plan.gates import Refusal
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.config.model import Client
    from appliance.record import KnownRepository

_GIB = 1 << 30


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


def _missing(sentence: str) -> Refusal:
    return Refusal(reason=Reason.REPOSITORY_MISSING, sentence=sentence)
