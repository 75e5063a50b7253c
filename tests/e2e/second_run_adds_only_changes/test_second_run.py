"""The second run reads no file again that did not change, and stores nothing twice."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.outside import archived_tree
from tests.e2e.harness.proxy import ProxyMachine
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

LOST_OVER_SFTP = frozenset({"hard_link", "sparse", "mtime_ns"})
TREE_BYTES = 9_000_000


def own_copy(machine: Machine, name: str) -> str:
    """Give the test a tree of its own on the machine, and return its path."""
    machine.exec("cp", "-a", "/srv/tree", f"/srv/{name}")
    return f"/srv/{name}"


@pytest.mark.parametrize("names", ["client", "chroot"])
def test_an_unchanged_machine_sends_no_content_again_and_a_change_arrives(shared: Shared, names: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine("trixie"), f"again-{names}"
    path = own_copy(machine, client)
    proxy = ProxyMachine(machine)
    appliance.add_client(client, machine, "--path", path, "--names", names, host=proxy.host)
    sent, stored = [proxy.tell("count")], []

    for change in ("", "", f"echo changed > '{path}/text.txt'"):
        if change:
            machine.exec("sh", "-c", change)
        run = appliance.run(client)
        assert run.returncode == 0, run.stdout + run.stderr
        sent.append(proxy.tell("count"))
        stored.append(appliance.last_run(client)["archive"]["deduplicated_size"])

    first, second, third = (after - before for before, after in pairwise(sent))
    # What comes over the line is the honest witness: no claim of Borg's own, and no cache can hide from it.
    assert first > TREE_BYTES
    assert second < TREE_BYTES / 20
    assert third < TREE_BYTES / 20
    assert stored[0] > TREE_BYTES / 2
    assert stored[1] < stored[0] / 50
    assert stored[2] < stored[0] / 50
    names_of_archives = appliance.archives(client)
    assert len(names_of_archives) == 3
    newest = archived_tree(appliance, client, names_of_archives[-1], path)
    assert newest["text.txt"]["size"] == len("changed\n")
    assert differences(machine.manifest(path), newest, ignore=LOST_OVER_SFTP) == []
    oldest = archived_tree(appliance, client, names_of_archives[0], path)
    assert differences(machine.manifest(), oldest, ignore=LOST_OVER_SFTP) == []
    machine.exec("rm", "-rf", path)
