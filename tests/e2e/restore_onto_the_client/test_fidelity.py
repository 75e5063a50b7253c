"""Ways numeric and chroot: what comes back equals what was there, in all that SFTP carries; the rest is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.lease import close_lease, open_lease, restored
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

# What SFTP does not carry, on the way here or back.
LOST_OVER_SFTP = frozenset({"hard_link", "sparse", "mtime_ns"})
OWNERS = frozenset({"uid", "gid", "user", "group"})


def lost_in(machine: Machine, source: str, copy: str, *, ignore: frozenset[str] = LOST_OVER_SFTP) -> list[str]:
    return differences(machine.manifest(source), machine.manifest(copy), ignore=ignore)


@pytest.mark.parametrize(("kind", "way"), [("trixie", "numeric"), ("trixie", "chroot"), ("nas", "numeric")])
def test_a_fresh_folder_equals_the_source_but_for_what_cannot_be_made(shared: Shared, kind: str, way: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine(kind), f"back-{kind}-{way}"
    # The machine without Python is looked at from beside, through the volume of its tree.
    place = f"/srv/tree/{client}" if kind == "nas" else f"/srv/{client}"
    appliance.add_client(client, machine, "--path", "/srv/tree")
    assert appliance.run(client).returncode == 0
    open_lease(appliance, client, machine)
    source = machine.manifest()

    done = restored(appliance, client, "--way", way, "--to", place, code=1)

    assert "SFTP cannot make fifos and devices, not restored: srv/tree/fifo" in done.stdout + done.stderr
    lost = differences(source, machine.manifest(f"{place}/srv/tree"), ignore=LOST_OVER_SFTP)
    assert lost == ["fifo: only in the source"]
    assert machine.exec("stat", "-c", "%U %a", place).stdout.split() == ["root", "700"]
    assert_nothing_is_left(appliance, client, machine)
    machine.exec("rm", "-rf", place)
    close_lease(client, machine)


def test_a_user_that_is_not_root_gets_everything_but_the_owners_and_is_told(shared: Shared) -> None:
    appliance, machine = shared.appliance, shared.machine("sftp-only")
    appliance.add_client("keeper", machine, "--path", "/srv/tree", "--exclude", "sh:srv/tree/fifo")
    assert appliance.run("keeper").returncode == 0
    open_lease(appliance, "keeper", machine)
    place = "/var/lib/backup/back"

    # Its sshd gives nothing but reading, whatever the key's line says.
    refused = restored(appliance, "keeper", "--way", "numeric", "--to", place, code=3)
    assert "permission denied" in refused.stdout + refused.stderr
    assert appliance.last_run("keeper")["reason"] == "target"

    machine.exec("sh", "-c", "sed -i 's/ -R//' /etc/ssh/sshd_config.d/keeper.conf && pkill -HUP -o sshd")
    done = restored(appliance, "keeper", "--way", "numeric", "--to", place, code=1)

    assert "the client refused the owner of" in done.stdout + done.stderr
    ignored = LOST_OVER_SFTP | OWNERS | {"mode"}
    assert lost_in(machine, "/srv/tree", f"{place}/srv/tree", ignore=ignored) == ["fifo: only in the source"]
    set_id = machine.exec("find", place, "-type", "f", "-perm", "/6000").stdout
    assert set_id == ""
