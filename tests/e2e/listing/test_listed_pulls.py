"""The promise: with `listing`, what SFTP cannot carry is in the archive; and no run without it says that it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import archived_tree
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

# Borg stores holes as zeros, whatever it reads from.
LOST = frozenset({"sparse"})
LOST_OVER_SFTP = frozenset({"hard_link", "sparse", "mtime_ns"})


def add_listed(
    appliance: ApplianceUnderTest, client: str, machine: Machine, listing: str, *, names: str = "client"
) -> None:
    """Add a client whose key is still the one that reads by SFTP alone."""
    appliance.add_client(client, machine, "--path", "/srv/tree", "--names", names)
    appliance.shell(f"sed -i '/^\\[clients/a listing = \"{listing}\"' /config/clients.d/{client}.toml")


def let_list(appliance: ApplianceUnderTest, client: str, machine: Machine) -> None:
    """Paste the line anew."""
    machine.forget_keys()
    machine.authorize(appliance.borgpull("client", "setup", client, "--key-line").stdout)


@pytest.mark.parametrize(
    ("kind", "names"), [("trixie", "client"), ("trixie", "chroot"), ("bookworm", "client"), ("nas", "client")]
)
def test_a_listed_machine_comes_back_whole(shared: Shared, start_machine: StartMachine, kind: str, names: str) -> None:
    appliance, machine, client = shared.appliance, start_machine(kind), f"{kind}-{names}-listed"
    add_listed(appliance, client, machine, "require", names=names)
    let_list(appliance, client, machine)

    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    (archive,) = appliance.archives(client)
    assert differences(machine.manifest(), archived_tree(appliance, client, archive), ignore=LOST) == []
    assert_nothing_is_left(appliance, client, machine)


def test_a_key_of_the_older_kind_is_read_by_sftp_or_fails_as_it_is_told(
    shared: Shared, start_machine: StartMachine
) -> None:
    appliance, machine = shared.appliance, start_machine("trixie")
    add_listed(appliance, "older-auto", machine, "auto")
    add_listed(appliance, "older-require", machine, "require")

    by_sftp = appliance.run("older-auto")
    refused = appliance.run("older-require")

    assert by_sftp.returncode == 0, by_sftp.stdout + by_sftp.stderr
    (archive,) = appliance.archives("older-auto")
    archived = archived_tree(appliance, "older-auto", archive)
    assert differences(machine.manifest(), archived, ignore=LOST_OVER_SFTP) == []
    assert refused.returncode == 3, refused.stdout + refused.stderr
    assert "borgpull client setup older-require" in refused.stdout + refused.stderr
    assert appliance.last_run("older-require")["reason"] == "client_tools"
    assert appliance.archives("older-require") == []
