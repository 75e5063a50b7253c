"""How links come to the client: made aside, given an owner and a time of their own without being followed, renamed."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from appliance.pull.sftp import packets
from appliance.pull.sftp.packets import Attributes

if TYPE_CHECKING:
    from appliance.pull.restores.filing import Filing, InFlight
    from appliance.pull.restores.folders import Folder
    from appliance.pull.restores.members import Member, Owners
    from appliance.pull.restores.report import Report
    from appliance.pull.sftp.replies import Reply
    from appliance.pull.sftp.session import Session


class Linking:
    """Makes hard and symbolic links. No request that follows a link is ever sent for one (S8)."""

    def __init__(self, session: Session, filing: Filing, owners: Owners, report: Report) -> None:
        """Nothing is made yet."""
        self._session, self._filing, self._owners, self._report = session, filing, owners, report
        self._swaps: bool | None = None

    def hard(self, member: Member, folder: Folder, source: bytes, final: bytes) -> None:
        """Give a file that this restore wrote one more name."""
        file = self._filing.begin(member, folder, final)
        asked = packets.extended(packets.HARD_LINK, source, file.aside)
        self._session.post(asked, partial(self._filing.step, file))
        self._filing.rename(file)
        # Renaming one name of a file over another of the same file does nothing at all, so this one may still be there.
        self._session.post(packets.remove(file.aside))

    def symbolic(self, member: Member, folder: Folder, final: bytes) -> None:
        """Make a symbolic link."""
        swaps = self._takes_paths_first(folder)
        file = self._filing.begin(member, folder, final)
        text = os.fsencode(member.target)
        asked = packets.make_link(file.aside, text) if swaps else packets.make_link(text, file.aside)
        self._session.post(asked, partial(self._filing.step, file))
        if packets.SET_OF_LINK in self._session.extensions:
            owner = self._owners.of(member)
            self._session.post(packets.set_of_link(file.aside, owner), partial(self._owned, file))
            self._session.post(packets.set_of_link(file.aside, Attributes(mtime=member.mtime)))
        else:
            self._report.links.add(member.path)
        self._filing.rename(file)

    def _owned(self, file: InFlight, reply: Reply) -> None:
        if not reply.ok and not file.trouble:
            self._report.owners.add(file.member.path)

    def _takes_paths_first(self, folder: Folder) -> bool:
        """Whether the server takes a link's path before its text, as the draft says and OpenSSH does not.

        Such a server would make a link at a place that the archive chose, so it is tried once with two names of ours.
        """
        if self._swaps is None:
            first, second = self._filing.name_aside(folder), self._filing.name_aside(folder)
            self._session.ask(packets.make_link(second, first))
            self._swaps = self._session.ask(packets.look_at(second)).ok
            for path in (first, second):
                self._session.ask(packets.remove(path))
                self._filing.forget(path)
        return self._swaps
