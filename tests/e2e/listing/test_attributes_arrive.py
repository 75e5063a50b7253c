"""The promise: attributes, ACLs and capabilities are in the archive of a listed machine, whoever reads them there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.listed import add_listed, let_list
from tests.e2e.harness.outside import archived_tree
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.shared import Shared

_MARKED = "/srv/marked"
# More than 8 KiB of attributes, which is more than any other field of a listing may have; names and values that a text
# has to escape; a capability as setcap gives it; ACLs of a user whom the machine knows, and of one whom it does not.
_MAKE = r"""
import os, struct, sys
from pathlib import Path

def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)

NOBODY = 0xFFFFFFFF
ACCESS = acl((1, 6, NOBODY), (2, 4, 1000), (2, 6, 4242), (4, 4, NOBODY), (8, 4, 1500), (16, 6, NOBODY), (32, 0, NOBODY))
DEFAULT = acl((1, 7, NOBODY), (2, 5, 1000), (4, 5, NOBODY), (16, 5, NOBODY), (32, 0, NOBODY))
root = Path(sys.argv[1])
folder = root / "folder \n\\ 'quoted'"
folder.mkdir(parents=True)
for number in range(60):
    path = folder / f"{number:02}"
    path.write_bytes(b"content %d" % number)
    os.setxattr(path, "user.same", b"in all")
    os.setxattr(path, "user.own", b"%d:" % number + bytes(range(200)))
one, tool, seen = root / "one", root / "tool", root / "seen"
for path in (one, tool, seen):
    path.write_bytes(path.name.encode())
os.setxattr(one, "user.empty", b"")
os.setxattr(one, b"user.a=b\n\\c \xff", bytes(3))
os.setxattr(one, "user.long", b"long" * 500)
(root / "two").hardlink_to(one)
(root / "link").symlink_to("one")
os.setxattr(tool, "security.capability", struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0))
os.setxattr(seen, "system.posix_acl_access", ACCESS)
os.setxattr(folder, "system.posix_acl_access", ACCESS)
os.setxattr(folder, "system.posix_acl_default", DEFAULT)
os.setxattr(root, "user.folder", b"root")
for number, path in enumerate(sorted(root.rglob("*"), reverse=True)):
    moment = 1_600_000_000_000_000_000 + number * 86_399_123_456_789
    os.utime(path, ns=(moment, moment), follow_symlinks=False)
"""
_ALL_KINDS = {"user.own", "user.empty", "security.capability", "system.posix_acl_access", "system.posix_acl_default"}
# Borg stores holes as zeros, whatever it reads from.
_LOST = frozenset({"sparse"})


@pytest.mark.parametrize(("kind", "reader"), [("trixie", "getfattr"), ("bookworm", "python3")])
def test_attributes_acls_and_capabilities_come_back(
    shared: Shared, start_machine: StartMachine, kind: str, reader: str
) -> None:
    appliance, machine, client = shared.appliance, start_machine(kind, tree="none"), f"marked-by-{reader}"
    machine.exec("python3", "-c", _MAKE, _MARKED)
    has_getfattr = machine.exec("sh", "-c", "command -v getfattr", check=False).returncode == 0
    add_listed(appliance, client, machine, "require", path=_MARKED)
    let_list(appliance, client, machine)

    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    assert has_getfattr == (reader == "getfattr")
    there = machine.manifest(_MARKED)
    assert {name for entry in there.values() for name in entry.get("xattrs", {})} >= _ALL_KINDS
    assert there["two"]["hard_link"] == there["one"]["hard_link"] == "one"
    (archive,) = appliance.archives(client)
    assert differences(there, archived_tree(appliance, client, archive, _MARKED), ignore=_LOST) == []
