"""The folders of a restore: made or found, never through a link; their owner, mode and time come when they are full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.pull.sftp import packets, replies
from appliance.pull.sftp.packets import Attributes

if TYPE_CHECKING:
    from appliance.pull.restores.members import Member, Owners
    from appliance.pull.restores.report import Report
    from appliance.pull.sftp.replies import Reply
    from appliance.pull.sftp.session import Session, Then

_TYPE, _FOLDER, _LINK = 0o170000, 0o040000, 0o120000


class Barred(Exception):  # noqa: N818 - a decision about one path
    """Nothing may be written there; the text says why."""


@dataclass(slots=True)
class Folder:
    """A folder on the client. `pending` counts what is still under way in it, `left` that nothing more will come."""

    path: bytes
    parent: Folder | None
    made: bool
    wanted: Member | None = None
    pending: int = 0
    left: bool = False


class Folders:
    """Every folder that this restore has to do with. With `looks`, things may be there already and are looked at."""

    def __init__(self, session: Session, report: Report, owners: Owners, root: bytes, *, looks: bool) -> None:
        """Nothing is known yet but the root, which stands."""
        self._session, self._report, self._owners, self._looks = session, report, owners, looks
        self._root = Folder(root, None, made=False)
        self._known: dict[tuple[bytes, ...], Folder] = {(): self._root}
        self._barred: dict[tuple[bytes, ...], str] = {}
        self._open: list[tuple[tuple[bytes, ...], Folder]] = []

    def enter(self, parts: tuple[bytes, ...]) -> Folder:
        """Return the folder of that path, made if need be; raises Barred where it is none, or below what is none."""
        folder = self._root
        for depth in range(1, len(parts) + 1):
            here = parts[:depth]
            folder = self._known.get(here) or self._appear(here, folder)
            if folder.left or not any(one is folder for _, one in self._open):
                self._reopen(here, folder)
        return folder

    def path_of(self, parts: tuple[bytes, ...]) -> bytes:
        """Return where that path of the archive lies on the client."""
        return b"/".join((self._root.path.rstrip(b"/"), *parts)) or b"/"

    def bar(self, parts: tuple[bytes, ...], why: str) -> None:
        """Let nothing be written through that path: a link stands there."""
        self._barred[parts] = why

    def leave_all_but(self, parts: tuple[bytes, ...]) -> None:
        """Say that the next member has this path: what it is not in is full."""
        while self._open and parts[: len(self._open[-1][0])] != self._open[-1][0]:
            _, folder = self._open.pop()
            folder.left = True
            self._finish(folder)

    def close(self) -> None:
        """Say that nothing more comes, and wait until every folder is finished."""
        self.leave_all_but((b"",))
        self._root.left = True
        self._finish(self._root)
        self._session.settle()

    def release(self, folder: Folder) -> None:
        """Say that one thing in it is not under way any more."""
        folder.pending -= 1
        self._finish(folder)

    def _reopen(self, parts: tuple[bytes, ...], folder: Folder) -> None:
        folder.left = False
        self._open.append((parts, folder))
        if folder.parent:
            folder.parent.pending += 1

    def _appear(self, parts: tuple[bytes, ...], parent: Folder) -> Folder:
        if why := self._barred.get(parts):
            raise Barred(why)
        path = self.path_of(parts)
        folder = self._found(parts, path, parent) if self._looks else None
        if folder is None:
            folder = Folder(path, parent, made=True)
            self._session.post(packets.make_folder(path), lambda reply: self._made(folder, reply))
        self._known[parts] = folder
        return folder

    def _found(self, parts: tuple[bytes, ...], path: bytes, parent: Folder) -> Folder | None:
        looked = self._session.ask(packets.look_at(path))
        if looked.code == replies.NO_SUCH_FILE:
            return None
        kind = (looked.attributes.mode or 0) & _TYPE if looked.attributes else 0
        if kind == _FOLDER:
            return Folder(path, parent, made=False)
        shown = path.decode("utf-8", "surrogateescape")
        why = (
            f"a link stands at {shown} on the client, and links are not followed"
            if kind == _LINK
            else (f"{shown} is no folder on the client" if looked.ok else f"{shown}: {looked.why}")
        )
        self.bar(parts, why)
        raise Barred(why)

    def _made(self, folder: Folder, reply: Reply) -> None:
        if not reply.ok:
            self._report.is_room_doubtful |= reply.code == replies.FAILED
            self._report.warn(f"{folder.path.decode('utf-8', 'surrogateescape')}: folder not made: {reply.why}")

    def _finish(self, folder: Folder) -> None:
        if not folder.left or folder.pending:
            return
        wanted = folder.wanted
        if wanted is None and folder.made:
            # Nobody asked for this one, only for what is in it.
            self._session.post(packets.set_by_path(folder.path, Attributes(mode=0o755)), lambda _: self._done(folder))
        elif wanted is None:
            self._done(folder)
        else:
            self._give(folder, wanted)

    def _give(self, folder: Folder, wanted: Member) -> None:
        def owned(reply: Reply) -> None:
            if not reply.ok:
                self._report.owners.add(wanted.path)

        def moded(reply: Reply) -> None:
            if not reply.ok:
                self._report.warn(f"{wanted.path}: mode not set: {reply.why}")

        self._set(folder, self._owners.of(wanted), owned)
        self._set(folder, Attributes(mode=wanted.mode), moded)
        self._set(folder, Attributes(mtime=wanted.mtime), lambda _: self._done(folder))

    def _set(self, folder: Folder, attributes: Attributes, then: Then) -> None:
        """Set them on the folder itself. Where others may have put a link in its place meanwhile, without following."""
        if not self._looks or packets.SET_OF_LINK not in self._session.extensions:
            self._session.post(packets.set_by_path(folder.path, attributes), then)
            return

        def tried(reply: Reply) -> None:
            # An older C library cannot set a mode in this way (fchmodat with AT_SYMLINK_NOFOLLOW).
            if reply.ok or attributes.mode is None:
                then(reply)
            else:
                self._session.post(packets.set_by_path(folder.path, attributes), then)

        self._session.post(packets.set_of_link(folder.path, attributes), tried)

    def _done(self, folder: Folder) -> None:
        while folder.parent:
            folder = folder.parent
            folder.pending -= 1
            if not folder.left or folder.pending:
                return
            if folder.wanted or folder.made:
                self._finish(folder)
                return
