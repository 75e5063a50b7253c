"""What the doctor says of /state and /repos: mounted, on what, writable, with room, and the right ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.cli.findings import bad, fine, warning
from appliance.cli.readable import size
from appliance.errors import ExitCode, StateError
from appliance.plan.file_systems import Kind
from appliance.plan.launch_gates import repository_gate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from appliance.cli.findings import Finding
    from appliance.cli.surroundings import Store, Surroundings
    from appliance.plan.file_systems import VolumeLook

_NETWORK = "a connection that breaks in the middle of a write can cost the repository"


def volume_findings(folder: Path, look: VolumeLook, *, floor: int, holds_journal: bool = False) -> Iterator[Finding]:
    """Judge one of the appliance's volumes; `floor` is what must be free, in bytes."""
    subject = str(folder)
    if not look.mounted:
        sentence = "no volume is mounted there: what is written would be lost with this container"
        yield _bad(subject, sentence, f"add `- HOST_FOLDER:{subject}` to the supervisor's `volumes` in compose.yaml")
        return
    if look.size and look.free < floor:
        sentence = f"the disk is full: only {size(look.free)} of {size(look.size)} free, less than {size(floor)}"
        yield _bad(subject, sentence, "make room there; until then runs are refused, or cannot be written down")
    elif look.trouble:
        yield _bad(subject, look.trouble, _why_not_writable(subject))
    else:
        yield fine(subject, f"{size(look.free)} of {size(look.size)} free")
    yield _file_system(subject, look, holds_journal=holds_journal)


def _why_not_writable(subject: str) -> str:
    return (
        f"is {subject} mounted read-only (`:ro` in `volumes`), or has the disk's file system turned read-only after "
        "errors (`dmesg` on the host)? Else its owner does not let this user write"
    )


def _file_system(subject: str, look: VolumeLook, *, holds_journal: bool) -> Finding:
    named = look.file_system or "an unknown file system"
    match look.kind:
        case Kind.NETWORK if holds_journal:
            sentence = f"is on a network file system ({named}), on which the journal's locks cannot be trusted"
            return _bad(subject, sentence, "keep /state on a local disk of this machine")
        case Kind.NETWORK:
            advice = "keep it on a disk of this machine; if it must be a share, mount it `hard`, and let checks run"
            return warning(subject, f"is on a network file system ({named}): {_NETWORK}", advice)
        case Kind.FUSE:
            advice = "give the disk below it, if there is one (on Unraid /mnt/disk1 or /mnt/cache, not /mnt/user)"
            sentence = f"is on a FUSE file system ({named}): slower, and not each of them keeps what was synced"
            return warning(subject, sentence, advice)
        case Kind.SHARED:
            sentence = f"is a folder of the machine around this virtual one ({named}): slow, with odd owners and locks"
            return warning(subject, sentence, "use a Docker volume, or a disk of the virtual machine itself")
        case Kind.MEMORY:
            sentence = f"is in memory ({named}): it is empty after the next start"
            return warning(subject, sentence, "give it a folder on a disk")
        case _:
            return fine(subject, f"is mounted, on {named}")


def repositories_findings(world: Surroundings, store: Store, names: Iterable[str]) -> Iterator[Finding]:
    """Look whether the volume at /repos is the one that this appliance wrote to, and has the repositories it knows."""
    clients = [name for name in names if store.repository(name) is not None]
    us = store.fact("appliance_id")
    if us is None or not world.look_at(world.repositories_folder).mounted:
        return
    said: set[str] = set()
    for client in clients:
        try:
            ground = world.volumes().survey(client)
        except StateError as error:
            yield _bad(str(world.repositories_folder), str(error), "")
            return
        refusal = repository_gate(
            client, ground, appliance_id=us, known=store.repository(client), others_known=bool(clients)
        )
        if refusal is not None and refusal.sentence not in said:
            said.add(refusal.sentence)
            yield _bad(str(world.repositories_folder), refusal.sentence, "")


def _bad(subject: str, sentence: str, advice: str) -> Finding:
    return bad(subject, sentence, advice, ExitCode.STATE)
