"""What an earlier restore, cut off in the middle, has left on the client: it is not sent again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from appliance.pull.sftp import packets

if TYPE_CHECKING:
    from appliance.pull.restores.folders import Folder
    from appliance.pull.restores.members import Member
    from appliance.pull.restores.report import Report
    from appliance.pull.sftp.packets import Attributes
    from appliance.pull.sftp.session import Session

# As `filing` calls what it has not renamed yet.
_ASIDE = re.compile(rb"\.borgpull-[0-9A-Za-z-]+-[0-9]+")


def names_in(session: Session, path: bytes) -> dict[bytes, Attributes]:
    """Return what is in a folder of the client, but for itself and what is above; nothing where it cannot be read."""
    opened = session.ask(packets.open_folder(path))
    if not opened.ok:
        return {}
    found: dict[bytes, Attributes] = {}
    while (read := session.ask(packets.read_folder(opened.handle))).ok and read.names:
        found.update(read.names)
    session.ask(packets.close(opened.handle))
    return {name: attributes for name, attributes in found.items() if name not in (b".", b"..")}


class Standing:
    """Looks into each folder once, when the first of its files comes."""

    def __init__(self, session: Session, report: Report) -> None:
        """Nothing is looked at yet."""
        self._session, self._report = session, report
        self._path = b""
        self._names: dict[bytes, Attributes] = {}

    def look_into(self, folder: Folder) -> None:
        """Learn what is in the folder, and remove what lies aside there since the earlier restore was cut off."""
        if folder.path == self._path:
            return
        self._path, self._names = folder.path, {} if folder.made else names_in(self._session, folder.path)
        for name in self._names:
            if _ASIDE.fullmatch(name):
                self._session.post(packets.remove(folder.path.rstrip(b"/") + b"/" + name))

    def has(self, member: Member, folder: Folder, name: bytes) -> bool:
        """Whether that file stands there whole: it has its final name, its size and its time only when it is."""
        self.look_into(folder)
        there = self._names.get(name)
        if there is None or (there.size, there.mtime) != (member.size, member.mtime):
            return False
        self._report.restored()
        return True
