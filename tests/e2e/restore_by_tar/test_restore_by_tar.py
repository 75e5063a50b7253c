"""Way tar: what comes back by the client's own tar, GNU's or busybox's, and what is said where it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.lease import close_lease, open_lease, restored
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.restoring import DAMAGED, archived, damage
from tests.lab.compare import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

LOST_IN_A_TAR = frozenset({"mtime_ns", "sparse", "xattrs", "acl"})
LOST_OVER_SFTP = LOST_IN_A_TAR | {"hard_link"}
# A folder that only root can write in, with room for little, and nothing of the machine's own.
SMALL = "mkdir -p /srv/small && mount -t tmpfs -o size=2M,mode=755 none /srv/small"


@pytest.fixture(scope="module")
def whole(shared: Shared) -> Iterator[Machine]:
    """A machine whose own Borg made the archive, so that it holds all there is."""
    machine = shared.machine("trixie")
    shared.appliance.add_client("by-tar", machine, "--method", "socat", "--path", "/srv/tree")
    assert shared.appliance.run("by-tar").returncode == 0
    open_lease(shared.appliance, "by-tar", machine, "--way", "tar")
    yield machine
    close_lease("by-tar", machine)


def test_gnu_tar_brings_back_all_that_a_tar_holds(shared: Shared, whole: Machine) -> None:
    done = restored(shared.appliance, "by-tar", "--way", "tar", "--to", "/srv/by-tar")

    assert "times are whole seconds" in done.stderr
    lost = differences(whole.manifest(), whole.manifest("/srv/by-tar/srv/tree"), ignore=LOST_IN_A_TAR)
    assert lost == []
    assert whole.exec("stat", "-c", "%U %a", "/srv/by-tar").stdout.split() == ["root", "700"]
    assert_nothing_is_left(shared.appliance, "by-tar", whole)
    again = restored(shared.appliance, "by-tar", "--way", "tar", "--to", "/srv/by-tar", code=3)
    assert "is not empty" in again.stdout
    whole.exec("rm", "-rf", "/srv/by-tar")


def test_busybox_tar_does_too(shared: Shared) -> None:
    appliance, machine = shared.appliance, shared.machine("nas")
    appliance.add_client("nas-by-tar", machine, "--path", "/srv/tree")
    assert appliance.run("nas-by-tar").returncode == 0
    source = machine.manifest()
    open_lease(appliance, "nas-by-tar", machine, "--way", "tar")

    # The machine without Python is looked at from beside, through the volume of its tree.
    done = restored(appliance, "nas-by-tar", "--way", "tar", "--to", "/srv/tree/by-tar", code=1)

    assert "owner and time of symbolic links could not be set there" in " ".join(done.stdout.split())
    lost = differences(source, machine.manifest("/srv/tree/by-tar/srv/tree"), ignore=LOST_OVER_SFTP)
    assert [line for line in lost if source[line.partition(": ")[0]]["type"] != "symlink"] == []
    machine.exec("rm", "-rf", "/srv/tree/by-tar")
    close_lease("nas-by-tar", machine)


def test_in_place_lists_what_is_written_over_and_goes_through_no_link(shared: Shared) -> None:
    appliance, machine = shared.appliance, shared.machine("nas")
    machine.exec("sh", "-euc", "mkdir -p /srv/tree/live/sub /srv/tree/away; echo old > /srv/tree/live/sub/file")
    appliance.add_client("nas-live", machine, "--path", "/srv/tree/live")
    assert appliance.run("nas-live").returncode == 0
    open_lease(appliance, "nas-live", machine, "--way", "tar")

    machine.exec("sh", "-euc", "echo new > /srv/tree/live/sub/file")
    shown = restored(appliance, "nas-live", "--way", "tar", "--in-place", "--dry-run").stdout
    assert "over srv/tree/live/sub/file" in shown
    assert "1 of them are written over what is there" in shown
    restored(appliance, "nas-live", "--way", "tar", "--in-place", "--yes")
    assert machine.exec("cat", "/srv/tree/live/sub/file").stdout == "old\n"

    machine.exec("sh", "-euc", "cd /srv/tree/live; rm -r sub; ln -s /srv/tree/away sub; chmod 755 .")
    done = restored(appliance, "nas-live", "--way", "tar", "--in-place", "--yes", code=1)
    assert "a link stands at srv/tree/live/sub on the client, and links are not followed" in " ".join(
        done.stdout.split()
    )
    assert machine.exec("ls", "-A", "/srv/tree/away").stdout == ""
    machine.exec("rm", "-rf", "/srv/tree/live", "/srv/tree/away")
    close_lease("nas-live", machine)


def test_damage_is_named_and_all_the_rest_comes_back(shared: Shared) -> None:
    appliance = shared.appliance
    machine = archived(appliance, shared.machine("trixie"), "hurt-by-tar")
    (archive,) = appliance.archives("hurt-by-tar")
    damaged = [path.replace("srv/hurt/", "srv/hurt-by-tar/") for path in DAMAGED]
    for path in damaged:
        damage(appliance, "hurt-by-tar", archive, path)
    open_lease(appliance, "hurt-by-tar", machine, "--way", "tar")

    restored(appliance, "hurt-by-tar", "--way", "tar", "--to", "/srv/hurt-back", code=3)

    last = appliance.last_run("hurt-by-tar")
    assert last["reason"] == "integrity"
    assert {f"{path}: not restored: its content is damaged in the repository" for path in damaged} <= set(
        last["warnings"]
    )
    source, back = machine.manifest("/srv/hurt-by-tar"), machine.manifest("/srv/hurt-back/srv/hurt-by-tar")
    lost = differences(source, back, ignore=LOST_IN_A_TAR)
    assert sorted(lost) == sorted(f"{path.removeprefix('srv/hurt-by-tar/')}: only in the source" for path in damaged)
    machine.exec("rm", "-rf", "/srv/hurt-back", "/srv/hurt-by-tar")
    close_lease("hurt-by-tar", machine)


def test_what_the_client_lacks_is_named(shared: Shared, whole: Machine) -> None:
    appliance = shared.appliance
    into = ("--way", "tar", "--to", "/srv/by-tar")

    whole.exec("chmod", "644", "/usr/bin/tar")
    missing = restored(appliance, "by-tar", *into, code=3)
    whole.exec("chmod", "755", "/usr/bin/tar")
    close_lease("by-tar", whole)
    shut = restored(appliance, "by-tar", *into, code=3)
    open_lease(appliance, "by-tar", whole, "--way", "chroot")
    no_commands = restored(appliance, "by-tar", *into, code=3)
    close_lease("by-tar", whole)
    open_lease(appliance, "by-tar", whole, "--way", "tar")

    reasons = [run["reason"] for run in reversed(appliance.json("history", "by-tar")[:3])]
    assert reasons == ["client_tools", "restore_key", "restore_key"], reasons
    assert "There is no tar on by-tar" in missing.stdout
    assert "its lease is not open" in " ".join(shut.stdout.split())
    assert "may run no command on by-tar" in " ".join(no_commands.stdout.split())
    assert whole.exec("sh", "-c", "ls -d /srv/by-tar || true").stdout == ""
