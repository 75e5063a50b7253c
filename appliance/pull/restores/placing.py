"""Where each member of an archive goes on the client, and that nothing goes anywhere else (S8)."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from appliance.pull.restores.folders import Barred
from appliance.pull.restores.members import Kind, safe_parts
from appliance.pull.sftp import packets

if TYPE_CHECKING:
    from appliance.pull.restores.filing import Filing
    from appliance.pull.restores.folders import Folder, Folders
    from appliance.pull.restores.linking import Linking
    from appliance.pull.restores.members import Member
    from appliance.pull.restores.report import Report
    from appliance.pull.restores.standing import Standing
    from appliance.pull.sftp.session import Session

OUTSIDE = "its path leads out of the archive"
NO_SOURCE = "it is a hard link to something that this restore did not write"


class Placing:
    """Puts members one after the other, in the order of the archive."""

    def __init__(
        self,
        session: Session,
        folders: Folders,
        filing: Filing,
        linking: Linking,
        report: Report,
        *,
        on_the_way: frozenset[tuple[bytes, ...]] = frozenset(),
        standing: Standing | None = None,
    ) -> None:
        """Nothing is placed yet.

        `on_the_way` are folders that nobody asked for: where they stand they stay as they are. `standing` is what an
        earlier restore, which this one goes on with, has left.
        """
        self._session, self._folders, self._filing, self._linking = session, folders, filing, linking
        self._report, self._on_the_way, self._standing = report, on_the_way, standing
        # Of files only their paths' hashes, since there may be millions.
        self._written: set[int] = set()

    def put(self, member: Member, content: IO[bytes] | None) -> None:
        """Place one member; what cannot or must not be placed goes into the report."""
        if member.parts is None:
            self._report.not_restored(member.path, OUTSIDE)
            return
        self._session.make_room()
        self._folders.leave_all_but(member.parts)
        try:
            self._place(member, member.parts, content)
        except Barred as barred:
            self._report.not_restored(member.path, str(barred))

    def _place(self, member: Member, parts: tuple[bytes, ...], content: IO[bytes] | None) -> None:
        if member.kind is Kind.FOLDER:
            self._folder(member, self._folders.enter(parts), parts)
            return
        if not parts:
            self._report.not_restored(member.path, OUTSIDE)
            return
        folder = self._folders.enter(parts[:-1])
        final = self._folders.path_of(parts)
        match member.kind:
            case Kind.FILE if content is not None:
                if self._standing is None or not self._standing.has(member, folder, parts[-1]):
                    self._filing.put(member, folder, final, content)
                self._written.add(hash(final))
            case Kind.HARD_LINK:
                self._hard_link(member, folder, final)
            case Kind.SYMLINK:
                self._symlink(member, parts, folder, final)
            case _:
                self._report.special.add(member.path)

    def _folder(self, member: Member, folder: Folder, parts: tuple[bytes, ...]) -> None:
        if parts in self._on_the_way:
            folder.wanted = member if folder.made else None
            return
        folder.wanted = member
        self._report.restored()

    def _hard_link(self, member: Member, folder: Folder, final: bytes) -> None:
        source = safe_parts(member.target)
        path = self._folders.path_of(source) if source else b""
        if hash(path) not in self._written or packets.HARD_LINK not in self._session.extensions:
            self._report.not_restored(member.path, NO_SOURCE)
            return
        if path in self._filing.under_way:
            self._session.settle()
        self._linking.hard(member, folder, path, final)
        self._written.add(hash(final))

    def _symlink(self, member: Member, parts: tuple[bytes, ...], folder: Folder, final: bytes) -> None:
        if self._standing:
            self._standing.look_into(folder)
        # Whatever becomes of it: from now on this run writes nothing through that path.
        self._folders.bar(parts, f"a link of the archive stands at {member.path}, and links are not followed")
        self._linking.symbolic(member, folder, final)
