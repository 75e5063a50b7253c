"""Each thing of the test tree, and what it is there to show."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.plan.fidelity import Trait
from appliance.pull.fidelity import script
from appliance.pull.fidelity.checks import (
    Evidence,
    are_one_file,
    has_acl,
    has_attribute,
    has_ctime,
    has_device_numbers,
    has_flag,
    has_holes,
    has_mode,
    has_names,
    has_nanoseconds,
    has_own_numbers,
    has_strange_numbers,
    has_time,
    holds_text,
    is_archived_socket,
    is_device,
    is_fifo,
    is_folder,
    is_link,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One thing of the tree. `check` raises Lost where it is not as it was on the client."""

    key: str
    trait: Trait
    words: str
    check: Callable[[Evidence], None]


def _one(key: str, trait: Trait, words: str, check: Callable[[Evidence], None]) -> Specimen:
    return Specimen(key=key, trait=trait, words=words, check=check)


def _name(key: str, words: str) -> Specimen:
    return _one(key, Trait.NAMES, words, holds_text(b"names/" + script.NAMES[key]))


def _link(key: str, words: str) -> Specimen:
    return _one(key, Trait.SYMBOLIC_LINKS, words, is_link(key, script.LINKS[key]))


def _mode(key: str, words: str) -> Specimen:
    return _one(key, Trait.MODES, words, has_mode(key, script.MODES[key]))


SPECIMENS = (
    _one("contents", Trait.CONTENTS, "", holds_text("contents")),
    _one("empty-folder", Trait.EMPTY_FOLDERS, "", is_folder),
    _name("name-newline", "with a new line"),
    _name("name-raw", "no UTF-8"),
    _name("name-dash", "a leading dash"),
    _name("name-quotes", "quotes, globs and spaces"),
    _name("name-longest", "255 bytes"),
    _link("link-absolute", "absolute"),
    _link("link-up", "through .."),
    _link("link-dangling", "dangling"),
    _one("hard-link", Trait.HARD_LINKS, "", are_one_file),
    _mode("mode-plain", "0640"),
    _mode("mode-read-only", "0444"),
    _mode("mode-setuid", "setuid"),
    _mode("mode-setgid", "setgid"),
    _mode("mode-sticky", "sticky"),
    _one("owner", Trait.OWNERS, "its own", has_own_numbers),
    _one("owner-stranger", Trait.OWNERS, "a number without a name", has_strange_numbers),
    _one("owner-names", Trait.OWNER_NAMES, "", has_names),
    _one("time-file", Trait.TIMES, "of files", has_time("time-file")),
    _one("time-folder", Trait.TIMES, "of folders", has_time("time-folder")),
    _one("time-link", Trait.TIMES, "of symbolic links", has_time("time-link")),
    _one("nanoseconds", Trait.NANOSECONDS, "", has_nanoseconds),
    _one("ctime", Trait.CHANGE_TIMES, "", has_ctime),
    _one("holes", Trait.HOLES, "", has_holes),
    _one("attribute", Trait.ATTRIBUTES, "", has_attribute),
    _one("acl", Trait.ACLS, "", has_acl),
    _one("flag-nodump", Trait.FLAGS, "nodump", has_flag("flag-nodump", "flag+d")),
    _one("flag-immutable", Trait.FLAGS, "immutable", has_flag("flag-immutable", "flag+i")),
    _one("fifo", Trait.FIFOS, "", is_fifo),
    _one("socket", Trait.SOCKETS, "", is_archived_socket),
    _one("character-device", Trait.CHARACTER_DEVICES, "", is_device("character-device", stat.S_IFCHR)),
    _one("block-device", Trait.BLOCK_DEVICES, "", is_device("block-device", stat.S_IFBLK)),
    _one("device-numbers", Trait.DEVICE_NUMBERS, "", has_device_numbers),
)
