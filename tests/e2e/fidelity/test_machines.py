"""Whatever the machine and however owners are named: the archive equals the machine, says plain Borg outside.

By stock sshfs in all that SFTP carries; where the machine lets itself be listed, in more than that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import archived_tree, outside_archives
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

# What SFTP does not carry: link counts, holes, and times below the second.
LOST_OVER_SFTP = frozenset({"hard_link", "sparse", "mtime_ns"})
# Borg stores holes as zeros, whatever it reads from.
LOST = frozenset({"sparse"})
OWNER_NAMES = frozenset({"user", "group"})


MACHINES = [
    ("trixie", "client"),
    ("trixie", "chroot"),
    ("trixie", "numeric"),
    ("bookworm", "client"),
    ("bookworm", "chroot"),
    ("nas", "client"),
    ("nas", "chroot"),
    ("sftp-only", "client"),
]
LISTED_BY = {"trixie": "find", "bookworm": "find", "nas": "busybox", "sftp-only": "SFTP"}


@pytest.mark.parametrize(("kind", "names"), MACHINES)
def test_an_archive_equals_the_machine_in_all_that_sftp_carries(shared: Shared, kind: str, names: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine(kind), f"{kind}-{names}"
    appliance.add_client(client, machine, "--path", "/srv/tree", "--names", names, listing="never")

    assert_equal(appliance, client, machine, names, LOST_OVER_SFTP)

    assert appliance.last_run(client)["listed_by"] is None


@pytest.mark.parametrize(("kind", "names"), MACHINES)
def test_an_archive_has_all_that_the_machine_lets_be_listed(shared: Shared, kind: str, names: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine(kind), f"{kind}-{names}-auto"
    appliance.add_client(client, machine, "--path", "/srv/tree", "--names", names, listing="auto")

    assert_equal(appliance, client, machine, names, LOST_OVER_SFTP if LISTED_BY[kind] == "SFTP" else LOST)

    assert appliance.last_run(client)["listed_by"] == LISTED_BY[kind]


def assert_equal(
    appliance: ApplianceUnderTest, client: str, machine: Machine, names: str, ignored: frozenset[str]
) -> None:
    """Pull it, and fail unless its archive is the machine's tree, but for what is ignored."""
    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    assert appliance.status(client)["state"] == "ok"
    (archive,) = appliance.archives(client)
    assert outside_archives(appliance, client) == [archive]
    archived = archived_tree(appliance, client, archive)
    lost = ignored | OWNER_NAMES if names == "numeric" else ignored
    assert differences(machine.manifest(), archived, ignore=lost) == []
    if names == "numeric":
        assert {(entry["user"], entry["group"]) for entry in archived.values()} == {("", "")}
    assert_nothing_is_left(appliance, client, machine)
