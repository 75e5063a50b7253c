"""How one file comes to the client: made aside under a name of this run, filled, given what it had, then renamed.

Until then nobody but the login may read it, and under its final name it is never half there. All in between goes by the
open handle, so no path is followed anywhere.
"""

from __future__ import annotations

import tarfile
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING

from appliance.pull.sftp import packets, replies
from appliance.pull.sftp.packets import Attributes

if TYPE_CHECKING:
    from appliance.pull.restores.folders import Folder, Folders
    from appliance.pull.restores.members import Member, Owners
    from appliance.pull.restores.report import Report
    from appliance.pull.sftp.replies import Reply
    from appliance.pull.sftp.session import Session

# Small files are read whole, so that many are under way; a larger one fills the line alone.
_SMALL = 1 << 20
_SET_ID = 0o6000
# Borg ended in the middle of it: whoever reads the stream says what that means.
_CUT = "cut"


@dataclass(slots=True)
class InFlight:
    """A file that is being written; `trouble` is the first thing that went wrong."""

    member: Member
    folder: Folder
    aside: bytes
    final: bytes
    handle: bytes = b""
    trouble: str = ""


class Filing:
    """Writes files into folders that stand. `run` names what lies aside."""

    def __init__(self, session: Session, folders: Folders, owners: Owners, report: Report, run: str) -> None:
        """Nothing is under way yet."""
        self._session, self._folders, self._owners, self._report = session, folders, owners, report
        self._run = run
        self._number = self._held = 0
        self._is_over = False
        self._aside: set[bytes] = set()
        # How often: a path can come twice.
        self.under_way: Counter[bytes] = Counter()

    def put(self, member: Member, folder: Folder, final: bytes, content: IO[bytes]) -> None:
        """Begin to write a file; what becomes of it stands in the report after `settle`."""
        file = self.begin(member, folder, final)
        if member.size <= _SMALL:
            data = _read(content, _SMALL)
            if data is None:
                self._ended(file, _CUT)
                return
            # What waits for its file to be made is held in memory here, beside what is under way.
            self._session.wait_until(lambda: self._held + len(data) <= _SMALL)
            self._held += len(data)
            self._session.post(packets.make_file(file.aside), lambda reply: self._fill_at_once(file, data, reply))
            return
        made = self._session.ask(packets.make_file(file.aside))
        if not made.ok:
            self._give_up(file, made)
            return
        file.handle = made.handle
        offset = 0
        while chunk := _read(content, packets.LARGEST_WRITE):
            self._write(file, offset, chunk)
            offset += len(chunk)
            self._session.make_room()
        if chunk is None:
            file.trouble = _CUT
        self._complete(file)

    def forget(self, aside: bytes) -> None:
        """Say that nothing has that name aside any more."""
        self._aside.discard(aside)

    def clear_up(self) -> None:
        """Remove what lies aside, when the restore ends in the middle; nothing gets its name any more."""
        self._is_over = True
        for path in sorted(self._aside):
            self._session.post(packets.remove(path))
        self._session.settle()

    def begin(self, member: Member, folder: Folder, final: bytes) -> InFlight:
        """Take something up, aside; it ends with `rename`."""
        folder.pending += 1
        self.under_way[final] += 1
        return InFlight(member, folder, self.name_aside(folder), final)

    def name_aside(self, folder: Folder) -> bytes:
        """Return a name of this run in that folder, which nothing else has."""
        self._number += 1
        path = folder.path.rstrip(b"/") + f"/.borgpull-{self._run}-{self._number}".encode()
        self._aside.add(path)
        return path

    def _fill_at_once(self, file: InFlight, data: bytes, made: Reply) -> None:
        self._held -= len(data)
        if not made.ok:
            self._give_up(file, made)
            return
        file.handle = made.handle
        for offset in range(0, len(data), packets.LARGEST_WRITE):
            self._write(file, offset, data[offset : offset + packets.LARGEST_WRITE])
        self._complete(file)

    def _write(self, file: InFlight, offset: int, data: bytes) -> None:
        self._session.post(packets.write(file.handle, offset, data), partial(self.step, file))

    def _complete(self, file: InFlight) -> None:
        owner = self._owners.of(file.member)
        self._session.post(packets.set_by_handle(file.handle, owner), partial(self._owned, file))

    def _owned(self, file: InFlight, reply: Reply) -> None:
        mode = file.member.mode
        if not reply.ok:
            self._report.owners.add(file.member.path)
            # With another owner than it had, such a file would lend out the wrong person's rights.
            mode &= ~_SET_ID
        # After the owner: a change of owner takes these bits away.
        self._session.post(packets.set_by_handle(file.handle, Attributes(mode=mode)), partial(self.step, file))
        times = Attributes(mtime=file.member.mtime)
        self._session.post(packets.set_by_handle(file.handle, times), partial(self.step, file))
        self._session.post(packets.close(file.handle), partial(self._closed, file))

    def step(self, file: InFlight, reply: Reply) -> None:
        """Keep the first thing that goes wrong with a file."""
        if not reply.ok and not file.trouble:
            file.trouble = reply.why
            self._report.is_room_doubtful |= reply.code == replies.FAILED

    def _closed(self, file: InFlight, reply: Reply) -> None:
        self.step(file, reply)
        if self._is_over:
            # It may be gone already, and where a server cannot rename over a file, that would go for nothing.
            file.trouble = _CUT
        if file.trouble:
            self._session.post(packets.remove(file.aside))
            self._ended(file, file.trouble)
        else:
            self.rename(file)

    def rename(self, file: InFlight) -> None:
        """Give what was made aside its name, and count it as restored when that works."""
        if packets.POSIX_RENAME in self._session.extensions:
            asked = packets.extended(packets.POSIX_RENAME, file.aside, file.final)
        else:
            self._session.post(packets.remove(file.final))
            asked = packets.rename(file.aside, file.final)
        self._session.post(asked, partial(self._placed, file))

    def _placed(self, file: InFlight, reply: Reply) -> None:
        if not reply.ok:
            self._session.post(packets.remove(file.aside))
        self._ended(file, "" if reply.ok else file.trouble or reply.why)

    def _give_up(self, file: InFlight, reply: Reply) -> None:
        self.step(file, reply)
        self._ended(file, reply.why)

    def _ended(self, file: InFlight, trouble: str) -> None:
        self._aside.discard(file.aside)
        self.under_way[file.final] -= 1
        if not self.under_way[file.final]:
            del self.under_way[file.final]
        if trouble == _CUT:
            pass
        elif trouble:
            self._report.not_restored(file.member.path, trouble)
        else:
            self._report.restored(file.member.size)
        self._folders.release(file.folder)


def _read(content: IO[bytes], size: int) -> bytes | None:
    """Read on; None where the stream ended too early."""
    try:
        return content.read(size)
    except tarfile.ReadError:
        return None
