"""The promise: a key of the listing lets its machine be listed, truly and whole, and be read by SFTP; nothing else."""

from __future__ import annotations

import base64
import stat
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import pytest

from appliance.cli.key_lines import LISTING
from appliance.pull.listing import script
from appliance.pull.listing.read import Reader
from appliance.pull.listing.request import request_for
from appliance.pull.listing.tree import Tree

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.machine import Machine
    from tests.lab.compare import Manifest

_MAKE_KEY = "mkdir -p -m 700 ~/.ssh; ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; cat ~/.ssh/id_ed25519.pub"
_TRUST = "ssh-keyscan -t ed25519 {host} > ~/.ssh/known_hosts"
TYPES = {
    "file": stat.S_IFREG,
    "folder": stat.S_IFDIR,
    "symlink": stat.S_IFLNK,
    "fifo": stat.S_IFIFO,
    "socket": stat.S_IFSOCK,
    "character device": stat.S_IFCHR,
    "block device": stat.S_IFBLK,
}


@pytest.fixture
def caller(start_machine: StartMachine) -> Machine:
    return start_machine("trixie", tree="none")


def let_in(caller: Machine, machine: Machine) -> None:
    public_key = caller.exec("sh", "-euc", _MAKE_KEY).stdout
    machine.authorize(f"{LISTING} {public_key}")
    caller.exec("sh", "-euc", _TRUST.format(host=machine.host))


def at(tree: Tree, path: bytes) -> int:
    node = tree.find(path)
    assert node is not None, path
    return node


def check_all(tree: Tree, manifest: Manifest) -> None:
    below = {tree.path(node) for node in range(1, len(tree) + 1)} - {b"/", b"/srv"}
    assert below == {path_of(name) for name in manifest}
    for name, entry in manifest.items():
        node = at(tree, path_of(name))
        assert tree.mode(node) == TYPES[entry["type"]] | int(entry["mode"], 8)
        assert (tree.uid(node), tree.gid(node), tree.mtime_ns(node)) == (entry["uid"], entry["gid"], entry["mtime_ns"])
        assert tree.size(node) == entry.get("size", tree.size(node))
        assert tree.rdev(node) == entry.get("device", 0)
        assert tree.target(node) == unquote_to_bytes(entry.get("target", ""))
        if entry.get("hard_link"):
            assert tree.inode(node) == tree.inode(at(tree, path_of(entry["hard_link"])))


def path_of(name: str) -> bytes:
    return b"/srv/tree" if name == "." else b"/srv/tree/" + unquote_to_bytes(name)


@pytest.mark.parametrize(("kind", "tool"), [("trixie", "find"), ("bookworm", "find"), ("nas", "busybox")])
def test_a_machine_is_listed_as_it_is(kind: str, tool: str, caller: Machine, start_machine: StartMachine) -> None:
    machine = start_machine(kind)
    let_in(caller, machine)
    request = request_for(["/srv/tree"])

    said = caller.exec(
        "sh", "-euc", f'ssh -T root@{machine.host} "$1" | base64', "sh", script.COMMAND,
        stdin=script.to_send(request.to_bytes()).decode("ascii"),
    )  # fmt: skip

    tree = Tree()
    reader = Reader(request, tree)
    reader.feed(base64.b64decode(said.stdout))
    reader.close()
    assert reader.tool == tool
    check_all(tree, machine.manifest())


@pytest.mark.parametrize("kind", ["trixie", "nas"])
def test_its_key_does_nothing_else(kind: str, caller: Machine, start_machine: StartMachine) -> None:
    machine = start_machine(kind)
    let_in(caller, machine)
    ssh = f"ssh -T root@{machine.host}"

    for command in ("touch /tmp/done", f"touch /tmp/done #{script.NAME}"):
        caller.exec("sh", "-c", f"{ssh} '{command}'", check=False)
    evil = "touch /tmp/done".ljust(script.LENGTH)
    refused = caller.exec("sh", "-c", f'{ssh} "$1"', "sh", script.COMMAND, stdin=evil, check=False)
    reading = caller.exec("sftp", "-b", "-", f"root@{machine.host}", stdin="ls /srv/tree\n")
    writing = caller.exec("sftp", "-b", "-", f"root@{machine.host}", stdin="mkdir /tmp/done\n", check=False)

    assert refused.returncode == 65
    assert reading.stdout
    assert writing.returncode != 0
    assert machine.exec("sh", "-c", "ls /tmp/done", check=False).returncode != 0
