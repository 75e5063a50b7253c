"""Clients that several of these tests restore from; nobody changes what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.restoring import DAMAGED, archived, damage

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared


@pytest.fixture(scope="session")
def tree(shared: Shared) -> str:
    """The lab's tree, read by a Borg on the machine, so that the archive has all there is."""
    shared.appliance.add_client("tree", shared.machine("trixie"), "--method", "socat", "--path", "/srv/tree")
    assert shared.appliance.run("tree").returncode == 0
    return "tree"


@pytest.fixture(scope="session")
def hurt(shared: Shared) -> str:
    """Some megabytes, two files of which are damaged in the repository."""
    archived(shared.appliance, shared.machine("trixie"), "hurt")
    (archive,) = shared.appliance.archives("hurt")
    for path in DAMAGED:
        damage(shared.appliance, "hurt", archive, path)
    return "hurt"
