"""A whole machine under its own paths: nothing of the appliance is in the archive, nothing of the machine is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.outside import archived_tree, outside, outside_borg
from tests.lab.compare import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

LOST_OVER_SFTP = frozenset({"hard_link", "sparse", "mtime_ns"})
LOST = {"auto": frozenset({"sparse"}), "never": LOST_OVER_SFTP}
# What the README tells to leave out of a whole machine, and what would only take time here.
NOT_WANTED = ("/proc", "/sys", "/dev", "/run", "/tmp", "/usr", "/var/lib")  # noqa: S108
LIST = 'borg list "::$1" --format "{path}{NUL}" | tr "\\0" "\\n"'


def on_the_machine(machine: Machine) -> set[str]:
    """Name everything the archive should hold, as Borg names it; the machine's own mounts (of its engine) included."""
    unwanted = [word for path in NOT_WANTED for word in ("-path", path, "-prune", "-o")]
    paths = machine.exec("find", "/", *unwanted, "-print").stdout.splitlines()
    return {path.strip("/") or "." for path in paths if path.isascii() and path.isprintable()}


@pytest.mark.parametrize("names", ["client", "chroot"])
@pytest.mark.parametrize("listing", ["auto", "never"])
def test_a_whole_machine_lies_in_the_archive_under_its_own_paths(shared: Shared, listing: str, names: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine("trixie"), f"whole-{names}-{listing}"
    excludes = [word for path in NOT_WANTED for word in ("--exclude", path)]
    appliance.add_client(client, machine, "--path", "/", *excludes, "--names", names, listing=listing)

    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = appliance.archives(client)
    listed = set(outside(appliance, client, "sh", "-euc", LIST, "list", archive).stdout.splitlines())
    assert "srv/tree/text.txt" in listed
    assert [path for path in listed if path.startswith((".borgpull", "mnt/", "/"))] == []
    assert on_the_machine(machine) - listed == set()
    assert {path.split("/")[0] for path in listed} <= {path.split("/")[0] for path in on_the_machine(machine)} | {""}
    archived = archived_tree(appliance, client, archive)
    assert differences(machine.manifest(), archived, ignore=LOST[listing]) == []


@pytest.fixture
def nodes(shared: Shared) -> Iterator[str]:
    machine, path = shared.machine("trixie"), "/srv/nodes"
    machine.exec("sh", "-euc", 'mkdir -p "$0"; echo beside > "$0/file"; mknod -m 640 "$0/terminal" c 5 1', path)
    yield path
    machine.exec("rm", "-r", path)


@pytest.mark.parametrize("listing", ["auto", "never"])
def test_a_device_node_arrives(shared: Shared, nodes: str, listing: str) -> None:
    """Over SFTP without its numbers; what has them is tested where the machine is listed."""
    appliance, client = shared.appliance, f"nodes-{listing}"
    appliance.add_client(client, shared.machine("trixie"), "--path", nodes, listing=listing)

    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = appliance.archives(client)
    listed = outside_borg(appliance, client, "list", "--json-lines", f"::{archive}")
    modes = {entry["path"]: entry["mode"] for entry in map(json.loads, listed.stdout.splitlines())}
    assert modes["srv/nodes/terminal"] == "crw-r-----"
    assert modes["srv/nodes/file"] == "-rw-r--r--"


def test_a_device_node_that_the_chroot_cannot_see_is_named_in_a_warning(shared: Shared, nodes: str) -> None:
    # Overlayfs takes a device without numbers for a deletion.
    appliance = shared.appliance
    chroot = ("--names", "chroot")
    appliance.add_client("nodes-chroot", shared.machine("trixie"), "--path", nodes, *chroot, listing="never")

    run = appliance.run("nodes-chroot")

    assert run.returncode == 1, run.stdout + run.stderr
    last = appliance.last_run("nodes-chroot")
    assert last["outcome"] == "warning"
    assert any("srv/nodes/terminal" in warning for warning in last["warnings"]), last
