"""Full fidelity: an archive that Borg made on the client itself equals the machine in everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.outside import archived_tree
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.machine import Machine

# Borg keeps a hole where a whole chunk of it (at most 8 MiB) is zeros; the one in the tree is smaller than that.
HOLES = "/srv/holes"
_DIG = f"mkdir -p {HOLES}; [ -e {HOLES}/large ] || {{ echo start > {HOLES}/large; truncate -s 32M {HOLES}/large; }}"
SOURCES = ("--path", "/srv/tree", "--path", HOLES)


def dig_holes(machine: Machine) -> None:
    """Put a file with a large hole on the machine, beside its tree."""
    machine.exec("sh", "-c", _DIG)


def assert_whole(appliance: ApplianceUnderTest, machine: Machine, client: str, archive: str) -> None:
    """Fail unless the archive holds the tree and the holes exactly as they are, says plain Borg outside."""
    tree = archived_tree(appliance, client, archive)
    assert differences(machine.manifest(), tree, ignore=frozenset({"sparse"})) == []
    holes = archived_tree(appliance, client, archive, HOLES)
    assert holes["large"]["sparse"]
    assert differences(machine.manifest(HOLES), holes) == []
