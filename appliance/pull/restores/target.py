"""The folder on the client that a restore goes into: fresh, private and in nobody else's hands, or what is there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from appliance.pull.failure import Failure
from appliance.pull.restores.standing import names_in
from appliance.pull.sftp import packets, replies
from appliance.pull.sftp.packets import Attributes
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.pull.sftp.session import Session
    from appliance.record import RestoreOrder

_TYPE, _FOLDER, _STICKY, _OTHERS_WRITE = 0o170000, 0o040000, 0o1000, 0o022
_PRIVATE = 0o700
_ROOT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where it goes. `mode` is what the folder had before it was closed to others; None where it was not."""

    path: bytes
    mode: int | None = None
    made: bool = False


def prepare(session: Session, order: RestoreOrder, client: str, me: int | None) -> Target:
    """Find or make the folder; `me` is the number of the user that logs in there. Raises Failure."""
    if order.in_place:
        return Target(path=_resolved(session, order.target or "/", client))
    wanted = PurePosixPath(order.target)
    parent = _resolved(session, str(wanted.parent), client)
    for path in _with_all_above(parent):
        _insist_safe(_folder(session, path, client), path, client, me)
    path = parent.rstrip(b"/") + b"/" + os.fsencode(wanted.name)
    looked = session.ask(packets.look_at(path))
    if order.preview:
        return Target(path=path)
    if looked.code == replies.NO_SUCH_FILE:
        made = session.ask(packets.make_folder(path))
        if not made.ok:
            raise Failure(Reason.TARGET, _NOT_MADE.format(order.target, client, made.why))
        return Target(path=path, made=True)
    found = _folder(session, path, client)
    _insist_safe(found, path, client, me)
    if not order.resume and names_in(session, path):
        raise Failure(Reason.TARGET, _NOT_EMPTY.format(order.target, client))
    mode = (found.mode or 0) & 0o7777
    if mode == _PRIVATE:
        return Target(path=path)
    # Its folders get their owners while the restore goes on: until its end nobody of those may come in.
    if not session.ask(packets.set_by_path(path, Attributes(mode=_PRIVATE))).ok:
        raise Failure(Reason.TARGET, _NOT_OURS.format(order.target, client))
    return Target(path=path, mode=mode)


def give_back(session: Session, target: Target) -> None:
    """Let those in again who could come in before; a folder that was made for nothing goes."""
    if target.mode is not None:
        session.ask(packets.set_by_path(target.path, Attributes(mode=target.mode)))
    elif target.made:
        # It goes only while it is empty.
        session.ask(packets.remove_folder(target.path))


def insist_room(session: Session, target: Target, client: str) -> None:
    """Fail where the disk of the target is full; raises Failure."""
    if packets.ROOM not in session.extensions:
        return
    reply = session.ask(packets.extended(packets.ROOM, target.path))
    if reply.ok and not replies.has_room(reply.data):
        raise Failure(
            Reason.TARGET,
            f"The disk of {shown(target.path)} on {client} is full. What stands there is whole; make room, or choose "
            "another folder with --to. `--resume` goes on where this ended.",
        )


def shown(path: bytes) -> str:
    """Write a path for a sentence."""
    return path.decode("utf-8", "surrogateescape")


def _resolved(session: Session, path: str, client: str) -> bytes:
    reply = session.ask(packets.resolve(os.fsencode(path)))
    if not reply.ok or not reply.names:
        raise Failure(Reason.TARGET, f"{path} is not there on {client} ({reply.why}); choose another folder with --to.")
    resolved = reply.names[0][0]
    _folder(session, resolved, client)
    return resolved


def _folder(session: Session, path: bytes, client: str) -> Attributes:
    looked = session.ask(packets.look_at(path))
    if looked.attributes is None or ((looked.attributes.mode or 0) & _TYPE) != _FOLDER:
        why = "it is no folder" if looked.ok else looked.why
        raise Failure(Reason.TARGET, f"{shown(path)} on {client} cannot be restored into: {why}.")
    return looked.attributes


def _insist_safe(found: Attributes, path: bytes, client: str, me: int | None) -> None:
    """Refuse where somebody else could put another folder, or a link, in the place of this one meanwhile."""
    owner = found.owner[0] if found.owner else None
    mode = found.mode or 0
    if owner in (_ROOT, me) and (not mode & _OTHERS_WRITE or mode & _STICKY):
        return
    raise Failure(Reason.TARGET, _UNSAFE.format(shown(path), client))


def _with_all_above(path: bytes) -> list[bytes]:
    parts = [part for part in path.split(b"/") if part]
    return [b"/" + b"/".join(parts[:depth]) for depth in range(len(parts) + 1)]


_NOT_MADE = (
    "{0} cannot be made on {1} ({2}). May its user write there, and does the key's line let it write? "
    "`borgpull client setup NAME --restore` prints that line."
)
_NOT_EMPTY = (
    "{0} on {1} is not empty. Name a folder that is not there yet; or --in-place to write over what is there, or "
    "--resume to go on with a restore that was cut off."
)
_NOT_OURS = "{0} on {1} belongs to somebody else and cannot be closed to others meanwhile; name a new folder with --to."
_UNSAFE = (
    "Others than root can write in {0} on {1}, and could lead the restore astray by a link in it. Choose a folder with "
    "--to above which only root can write, then move what was restored."
)
