"""How to see in what came back whether a thing of the test tree is as it was on the client.

What a restore without rights cannot give back (owners, attributes, flags, devices) is looked for in the archive itself.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from appliance.pull.fidelity import script

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_NOT_THERE = "it did not come back"
_NOT_ARCHIVED = "it is not in the archive"
_NANOSECONDS = 1_000_000_000
_FLAGS = {"flag-nodump": 0x1, "flag-immutable": 0x2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What came back: the restored tree at `root`, the archive's items by name in the tree, and the client's values."""

    root: Path
    items: Mapping[bytes, Mapping[str, Any]]
    values: Mapping[str, str]

    def path(self, name: str | bytes) -> Path:
        """Where a thing of the tree was restored to."""
        return self.root / os.fsdecode(name)

    def item(self, name: str) -> Mapping[str, Any]:
        """What the archive holds of it; raises Lost where it holds nothing."""
        try:
            return self.items[name.encode()]
        except KeyError as error:
            raise Lost(_NOT_ARCHIVED) from error

    def seen(self, name: str) -> os.stat_result:
        """What was restored; raises Lost where nothing was."""
        try:
            return os.lstat(self.path(name))
        except OSError as error:
            raise Lost(_NOT_THERE) from error


class Lost(Exception):  # noqa: N818 - what happened, not an error of the program
    """It is not as it was: in words, how."""


def _insist(is_so: bool, otherwise: str) -> None:  # noqa: FBT001 - a claim, not a switch
    if not is_so:
        raise Lost(otherwise)


def holds_text(name: str | bytes) -> Callable[[Evidence], None]:
    """Its content came back."""

    def check(evidence: Evidence) -> None:
        try:
            content = evidence.path(name).read_bytes()
        except OSError as error:
            raise Lost(_NOT_THERE) from error
        _insist(content == script.TEXT, "its content is another")

    return check


def is_link(name: str, target: str) -> Callable[[Evidence], None]:
    """It came back as a link to the same place."""

    def check(evidence: Evidence) -> None:
        _insist(stat.S_ISLNK(evidence.seen(name).st_mode), "it is no link any more")
        found = str(evidence.path(name).readlink())
        _insist(found == target, f"it points to {found!r}")

    return check


def has_mode(name: str, mode: int) -> Callable[[Evidence], None]:
    """It has its mode, the special bits too."""

    def check(evidence: Evidence) -> None:
        found = stat.S_IMODE(evidence.seen(name).st_mode)
        _insist(found == mode, f"{found:04o} in place of {mode:04o}")

    return check


def has_time(name: str) -> Callable[[Evidence], None]:
    """It has its time, to the second."""

    def check(evidence: Evidence) -> None:
        found = evidence.seen(name).st_mtime_ns // _NANOSECONDS
        _insist(found == script.SECONDS, "it has another time")

    return check


def is_device(name: str, kind: int) -> Callable[[Evidence], None]:
    """The archive has it as a device of that kind."""

    def check(evidence: Evidence) -> None:
        _insist(stat.S_IFMT(evidence.item(name)["mode"]) == kind, "it is something else in the archive")

    return check


def has_flag(name: str, on_disk: str) -> Callable[[Evidence], None]:
    """The archive has the flag of what is called `on_disk`."""

    def check(evidence: Evidence) -> None:
        _insist(bool(evidence.item(on_disk).get("bsdflags", 0) & _FLAGS[name]), "the archive lacks it")

    return check


def is_folder(evidence: Evidence) -> None:
    """The empty folder came back."""
    _insist(stat.S_ISDIR(evidence.seen("empty-folder").st_mode), "it is no folder any more")


def are_one_file(evidence: Evidence) -> None:
    """Both names are one file."""
    one, two = evidence.seen("hard-one"), evidence.seen("hard-two")
    _insist(one.st_ino == two.st_ino, "each name is a file of its own")


def has_own_numbers(evidence: Evidence) -> None:
    """The archive has the numbers of who made it."""
    item = evidence.item("owner")
    found = f"{item['uid']}:{item['gid']}"
    _insist(found == evidence.values.get("owner"), f"{found} in place of {evidence.values.get('owner')}")


def has_strange_numbers(evidence: Evidence) -> None:
    """The archive has numbers that nobody on the client has."""
    item = evidence.item("owner-stranger")
    _insist((item["uid"], item["gid"]) == script.STRANGERS, f"{item['uid']}:{item['gid']} in place of 4242:4343")


def has_names(evidence: Evidence) -> None:
    """The archive has the names that the client has for these numbers."""
    item = evidence.item("owner")
    found, wanted = (item.get("user"), item.get("group")), (evidence.values.get("user"), evidence.values.get("group"))
    _insist(found == wanted, "the archive has no names" if found == (None, None) else "the archive has other names")


def has_nanoseconds(evidence: Evidence) -> None:
    """Its time came back whole."""
    _insist(evidence.seen("nanoseconds").st_mtime_ns == script.NANOSECONDS, "whole seconds")


def has_ctime(evidence: Evidence) -> None:
    """The archive has the ctime that the client has."""
    found = evidence.item("ctime").get("ctime", 0) // _NANOSECONDS
    _insist(str(found) == evidence.values.get("ctime"), "the archive has the time of change in its place")


def has_holes(evidence: Evidence) -> None:
    """It came back with its holes."""
    found = evidence.seen("holes")
    _insist(found.st_size > script.HOLE_BYTES, "its size is another")
    _insist(found.st_blocks * 512 < script.HOLE_BYTES // 2, "filled with zeros")


def has_attribute(evidence: Evidence) -> None:
    """The archive has the extended attribute."""
    name, value = script.ATTRIBUTE
    _insist(evidence.item("attribute").get("xattrs", {}).get(name) == value, "the archive lacks them")


def has_acl(evidence: Evidence) -> None:
    """The archive has the ACL's entry."""
    _insist(str(script.STRANGERS[0]) in evidence.item("acl").get("acl_access", ""), "the archive lacks them")


def is_fifo(evidence: Evidence) -> None:
    """The fifo came back."""
    _insist(stat.S_ISFIFO(evidence.seen("fifo").st_mode), "it is none any more")


def is_archived_socket(evidence: Evidence) -> None:
    """The archive has the socket."""
    evidence.item("socket")


def has_device_numbers(evidence: Evidence) -> None:
    """The archive has the numbers of a device, whichever it holds."""
    for name, numbers in (("character-device", script.CHARACTER_DEVICE), ("block-device", script.BLOCK_DEVICE)):
        if name.encode() in evidence.items:
            rdev = evidence.item(name).get("rdev", 0)
            _insist((os.major(rdev), os.minor(rdev)) == numbers, f"{os.major(rdev)}, {os.minor(rdev)} in their place")
            return
    raise Lost(_NOT_ARCHIVED)
