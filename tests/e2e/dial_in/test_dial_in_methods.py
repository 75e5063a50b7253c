"""The promise: where Borg runs on the client, everything comes back through the tunnel of a client that dials in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.dialling import Dialler, add_client_that_dials_in
from tests.e2e.harness.on_client import assert_client_is_clean
from tests.e2e.harness.whole import SOURCES, assert_whole, dig_holes

if TYPE_CHECKING:
    from tests.e2e.dial_in.conftest import Remote


@pytest.mark.parametrize("kind", ["trixie", "bookworm"])
@pytest.mark.parametrize("method", ["socat", "remote-forward"])
def test_borg_on_the_client_comes_back_through_the_tunnel(remote: Remote, method: str, kind: str) -> None:
    machine = remote.far.machine(kind, tree="full")
    dig_holes(machine)
    name = f"{method}-{kind}"
    add_client_that_dials_in(remote.appliance, name, machine, *SOURCES, "--method", method)
    dialler = Dialler(remote.appliance, name, machine)
    dialler.set_up()
    dialler.dial()
    remote.appliance.borgpull("client", "trust", name, "--yes")

    done = remote.appliance.run(name)

    assert done.returncode == 0, done.stdout + done.stderr
    (archive,) = remote.appliance.archives(name)
    assert_whole(remote.appliance, machine, name, archive)
    assert_client_is_clean(machine)
    dialler.hang_up()
