"""One client's archive onto another client's machine: by number, by name and by tar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.lease import close_lease, open_lease, restored
from tests.lab.compare import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

LOST_OVER_SFTP = frozenset({"mtime_ns", "sparse", "xattrs", "acl", "hard_link"})


@pytest.fixture(scope="module")
def other(shared: Shared) -> Iterator[Machine]:
    """Another machine than the one that the archive is of; its restore key may write and run commands."""
    appliance, source, machine = shared.appliance, shared.machine("trixie"), shared.machine("bookworm")
    appliance.add_client("moved", source, "--path", "/srv/tree", "--exclude", "sh:srv/tree/fifo")
    assert appliance.run("moved").returncode == 0
    appliance.add_client("heir", machine, "--path", "/srv/tree")
    open_lease(appliance, "heir", machine, "--way", "tar")
    yield machine
    close_lease("heir", machine)


def test_an_archive_comes_back_on_another_machine(shared: Shared, other: Machine) -> None:
    source = shared.machine("trixie").manifest()
    nowhere = shared.machine("trixie").exec("ls", "/srv").stdout

    done = restored(shared.appliance, "moved", "--client", "heir", "--to", "/srv/moved")

    assert "/srv/moved on heir by way numeric" in " ".join(done.stderr.split())
    assert "are in /srv/moved on heir" in " ".join(done.stdout.split())
    back = other.manifest("/srv/moved/srv/tree")
    lost = differences(source, back, ignore=LOST_OVER_SFTP | {"user", "group"})
    assert lost == ["fifo: only in the source"]
    assert shared.machine("trixie").exec("ls", "/srv").stdout == nowhere
    other.exec("rm", "-rf", "/srv/moved")


def test_way_tar_does_too_and_way_client_gives_no_passphrase_away(shared: Shared, other: Machine) -> None:
    restored(shared.appliance, "moved", "--client", "heir", "--way", "tar", "--to", "/srv/by-tar")
    assert other.exec("test", "-d", "/srv/by-tar/srv/tree").returncode == 0
    other.exec("rm", "-rf", "/srv/by-tar")

    refused = restored(shared.appliance, "moved", "--client", "heir", "--way", "client", code=2)
    assert "the passphrase of moved" in " ".join(refused.stderr.split())


def test_without_that_machines_lease_nothing_is_written(shared: Shared, other: Machine) -> None:
    close_lease("heir", other)

    shut = restored(shared.appliance, "moved", "--client", "heir", "--to", "/srv/shut", code=3)

    assert "client setup heir --restore" in " ".join(shut.stdout.split())
    assert other.exec("test", "-e", "/srv/shut", check=False).returncode == 1
