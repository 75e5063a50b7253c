"""Whatever the machine and however owners are named: the archive equals the machine, says plain Borg outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import archived_tree, outside_archives
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

# What SFTP does not carry: link counts, holes, and times below the second.
LOST_OVER_SFTP = frozenset({"hard_link", "sparse", "mtime_ns"})
OWNER_NAMES = frozenset({"user", "group"})


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("trixie", "client"),
        ("trixie", "chroot"),
        ("trixie", "numeric"),
        ("bookworm", "client"),
        ("bookworm", "chroot"),
        ("nas", "client"),
        ("nas", "chroot"),
        ("sftp-only", "client"),
    ],
)
def test_an_archive_equals_the_machine_in_all_that_sftp_carries(shared: Shared, kind: str, names: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine(kind), f"{kind}-{names}"
    appliance.add_client(client, machine, "--path", "/srv/tree", "--names", names)

    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    assert appliance.status(client)["state"] == "ok"
    (archive,) = appliance.archives(client)
    assert outside_archives(appliance, client) == [archive]
    archived = archived_tree(appliance, client, archive)
    lost = LOST_OVER_SFTP | OWNER_NAMES if names == "numeric" else LOST_OVER_SFTP
    assert differences(machine.manifest(), archived, ignore=lost) == []
    if names == "numeric":
        assert {(entry["user"], entry["group"]) for entry in archived.values()} == {("", "")}
    assert_nothing_is_left(appliance, client, machine)
