"""S2: whoever reads a byte of a client holds no capability and can never get one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.processes import Process, processes_in_full_swing
from tests.e2e.harness.slow import pulled_slowly

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

ROOT_HALF = frozenset({"init", "warden"})
NEAR_THE_CLIENT = frozenset({"controller", "ssh", "file system", "borg"})
CAP_DAC_READ_SEARCH = 1 << 2
NOTHING = dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), 0)
# What may lie open in the root half: its own pipes, sockets between processes, and nothing that has a path of a client.
HARMLESS = ("/dev/null", "pipe:[", "socket:[", "anon_inode:")


def bare(process: Process) -> str:
    """Say what is wrong with the process, if anything: it must be the unprivileged user's, without rights for good."""
    wrong = [] if process.uid == 1000 and process.no_new_privileges else ["is root, or may become it"]
    allowed = dict(NOTHING)
    wrong += [f"{name} = {mask:#x}" for name, mask in process.capabilities.items() if mask != allowed[name]]
    return f"{process.role}: {', '.join(wrong)}" if wrong else ""


@pytest.mark.parametrize("names", ["client", "numeric", "chroot"])
@pytest.mark.parametrize("listing", ["auto", "never"])
def test_only_the_root_half_has_rights_and_it_touches_nothing_of_the_client(
    shared: Shared, listing: str, names: str
) -> None:
    appliance, client, machine = shared.appliance, f"rights-{names}-{listing}", shared.machine("trixie")

    with pulled_slowly(appliance, client, machine, "--names", names, listing=listing) as container:
        found = processes_in_full_swing(shared.lab, container, ROOT_HALF | NEAR_THE_CLIENT)

    near = [process for process in found if process.role in NEAR_THE_CLIENT]
    (borg,) = (process for process in near if process.role == "borg")
    if names == "chroot":
        # The overlay checks modes itself, so there Borg may read everything, and nothing else.
        assert borg.capabilities["CapEff"] == borg.capabilities["CapBnd"] == CAP_DAC_READ_SEARCH
        assert borg.capabilities["CapPrm"] == CAP_DAC_READ_SEARCH
        assert borg.uid == 1000
        assert borg.no_new_privileges
        near.remove(borg)
    assert [said for said in map(bare, near) if said] == []
    assert {process.role for process in found if process.connections} == {"ssh"}
    for process in found:
        if process.role in ROOT_HALF:
            assert [one for one in process.descriptors if not one.startswith(HARMLESS)] == [], process.role
            assert process.no_new_privileges
    assert appliance.last_run(client)["outcome"] == "success"
