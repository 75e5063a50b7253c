"""The part of the test tree that SFTP can make, for a restore key that may write and run nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.pull.failure import Failure
from appliance.pull.fidelity import script
from appliance.pull.fidelity.made import Planted
from appliance.pull.restores.standing import names_in
from appliance.pull.sftp import packets
from appliance.pull.sftp.packets import Attributes
from appliance.record import Reason

if TYPE_CHECKING:
    from appliance.pull.sftp.packets import Request
    from appliance.pull.sftp.replies import Reply
    from appliance.pull.sftp.session import Session

_TYPE, _FOLDER, _LINK, _BITS = 0o170000, 0o040000, 0o120000, 0o7777
# The tree is two folders deep; whoever shows more is no tree of ours.
_DEEPEST = 3
_NOT_MADE = (
    "The restore key of {0} is let in, but {1} cannot be made with it ({2}): may its user write there, and does the "
    "key's line let it write? `borgpull client setup {0} --restore` prints that line; --at names another folder."
)
_NO_WORDS = "SFTP has no words for it; a lease with --way tar tries it"
_BEYOND = (
    *("nanoseconds", "ctime", "owner-names", "holes", "attribute", "acl", "fifo", "socket"),
    *("character-device", "block-device", "flag-nodump", "flag-immutable"),
)


class ByHand:
    """Makes the tree by single requests and looks at each thing that it made. Raises HungUp."""

    def __init__(self, session: Session, tree: str) -> None:
        """Nothing is made yet."""
        self._session, self._tree = session, tree.encode()
        self._made: set[str] = set()
        self._why_not = dict.fromkeys(_BEYOND, _NO_WORDS)
        self._values: dict[str, str] = {}
        # Of a link's text and path: the draft of the protocol and OpenSSH differ in which comes first.
        self._swaps = False

    def plant(self, client: str) -> Planted:
        """Make the tree; raises Failure where not even its folder can be made."""
        made = self._session.ask(packets.make_folder(self._tree))
        if not made.ok:
            raise Failure(Reason.TARGET, _NOT_MADE.format(client, self._tree.decode(), made.why))
        self._keep("contents", self._file(b"contents"))
        self._keep("empty-folder", self._all(packets.make_folder(self._at(b"empty-folder"))))
        self._session.ask(packets.make_folder(self._at(b"names")))
        for key, name in script.NAMES.items():
            self._keep(key, self._file(b"names/" + name))
        self._links()
        self._modes()
        self._owners()
        self._times()
        return Planted(made=frozenset(self._made), why_not=self._why_not, values=self._values)

    def sweep(self, parent: str, start: str) -> None:
        """Remove every folder there whose name starts so and that belongs to whom the tree belongs to."""
        above, ours = parent.rstrip("/").encode(), self._looked(self._tree).owner
        for name in names_in(self._session, above or b"/"):
            path = above + b"/" + name
            found = self._looked(path)
            # Nobody else's: who may change a folder could lead its removal astray.
            if name.startswith(start.encode()) and path != self._tree and found.owner == ours and _is_folder(found):
                self._remove(path, _DEEPEST)

    def uproot(self) -> bool:
        """Remove the tree; returns whether it is gone."""
        self._remove(self._tree, _DEEPEST)
        return not self._session.ask(packets.look_at(self._tree)).ok

    def _remove(self, path: bytes, depth: int) -> None:
        if depth and _is_folder(self._looked(path)):
            for name in names_in(self._session, path):
                self._remove(path + b"/" + name, depth - 1)
            self._session.ask(packets.remove_folder(path))
        else:
            self._session.ask(packets.remove(path))

    def _links(self) -> None:
        self._swaps = self._takes_paths_first()
        for key, target in script.LINKS.items():
            path = self._at(key.encode())
            why = self._all(self._link(target.encode(), path))
            self._keep(key, why or self._insist((self._looked(path).mode or 0) & _TYPE == _LINK))
        why = self._file(b"hard-one") or "no hard links over this SFTP server"
        if packets.HARD_LINK in self._session.extensions:
            why = self._all(packets.extended(packets.HARD_LINK, self._at(b"hard-one"), self._at(b"hard-two")))
        self._keep("hard-link", why)

    def _link(self, text: bytes, path: bytes) -> Request:
        return packets.make_link(path, text) if self._swaps else packets.make_link(text, path)

    def _takes_paths_first(self) -> bool:
        """Try with two names of ours: a server that goes by the draft would make the link at its text."""
        one, other = self._at(b"trial-one"), self._at(b"trial-other")
        self._session.ask(packets.make_link(other, one))
        return not self._session.ask(packets.look_at(one)).ok

    def _modes(self) -> None:
        for key, mode in script.MODES.items():
            path = self._at(key.encode())
            why = self._all(packets.make_folder(path)) if key == "mode-sticky" else self._file(key.encode())
            why = why or self._all(packets.set_by_path(path, Attributes(mode=mode)))
            self._keep(key, why or self._insist((self._looked(path).mode or 0) & _BITS == mode))

    def _owners(self) -> None:
        why, found = self._file(b"owner"), self._looked(self._at(b"owner")).owner
        self._keep("owner", why or self._insist(found is not None))
        if found is not None:
            self._values["owner"] = f"{found[0]}:{found[1]}"
        path = self._at(b"owner-stranger")
        why = self._file(b"owner-stranger")
        why = why or self._all(packets.set_by_path(path, Attributes(owner=script.STRANGERS)))
        self._keep("owner-stranger", why or self._insist(self._looked(path).owner == script.STRANGERS))

    def _times(self) -> None:
        old = Attributes(mtime=script.SECONDS)
        file, folder, link = (self._at(name) for name in (b"time-file", b"time-folder", b"time-link"))
        why = {
            "time-file": self._file(b"time-file") or self._all(packets.set_by_path(file, old)),
            "time-folder": self._all(packets.make_folder(folder), packets.set_by_path(folder, old)),
            "time-link": "no times of links over this SFTP server",
        }
        if packets.SET_OF_LINK in self._session.extensions and "link-dangling" in self._made:
            why["time-link"] = self._all(self._link(b"nowhere", link), packets.set_of_link(link, old))
        for key, trouble in why.items():
            self._keep(key, trouble or self._insist(self._looked(self._at(key.encode())).mtime == script.SECONDS))

    def _file(self, name: bytes) -> str:
        """Make a file of the tree; returns why not, or nothing."""
        opened = self._session.ask(packets.make_file(self._at(name)))
        if not opened.ok:
            return opened.why
        return self._all(packets.write(opened.handle, 0, script.TEXT), packets.close(opened.handle))

    def _all(self, *requests: Request) -> str:
        replies: list[Reply] = [self._session.ask(request) for request in requests]
        return next((reply.why for reply in replies if not reply.ok), "")

    def _looked(self, path: bytes) -> Attributes:
        return self._session.ask(packets.look_at(path)).attributes or Attributes()

    def _insist(self, is_so: bool) -> str:  # noqa: FBT001 - a claim, not a switch
        return "" if is_so else "the client says yes and does not do it"

    def _keep(self, key: str, why: str) -> None:
        if why:
            self._why_not[key] = why
        else:
            self._made.add(key)

    def _at(self, name: bytes) -> bytes:
        return self._tree + b"/" + name


def _is_folder(found: Attributes) -> bool:
    return (found.mode or 0) & _TYPE == _FOLDER
