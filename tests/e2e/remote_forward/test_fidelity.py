"""Borg on the client, through a port of its own that ssh forwards to us: everything that Borg knows arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.engine import wait_for
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean
from tests.e2e.harness.outside import outside_archives
from tests.e2e.harness.whole import SOURCES, assert_whole, dig_holes

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared


@pytest.mark.parametrize("kind", ["trixie", "bookworm"])
def test_an_archive_equals_the_machine_in_everything(shared: Shared, kind: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine(kind), f"forward-{kind}"
    dig_holes(machine)
    appliance.add_client(client, machine, *SOURCES, "--method", "remote-forward")
    listening = machine.listening_ports()
    assert appliance.borgpull("client", "probe", client).returncode == 0

    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    assert appliance.status(client)["state"] == "ok"
    (archive,) = appliance.archives(client)
    assert outside_archives(appliance, client) == [archive]
    assert_whole(appliance, machine, client, archive)
    assert_nothing_is_left(appliance, client, machine)
    assert_client_is_clean(machine)
    wait_for(lambda: machine.listening_ports() == listening, within=30, what="nobody listens there any more")

    again = appliance.run(client)

    assert again.returncode == 0, again.stdout + again.stderr
    last = appliance.last_run(client)["archive"]
    assert last["deduplicated_size"] < last["original_size"] / 10
    assert len(appliance.archives(client)) == 2
