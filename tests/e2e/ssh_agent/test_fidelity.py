"""Borg on the client, which calls us with a key that stays in our agent: everything that Borg knows arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean
from tests.e2e.harness.outside import outside_archives
from tests.e2e.harness.whole import SOURCES, assert_whole, dig_holes

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

_AGENT_SOCKETS = "find /tmp -path '*/agent.*' -o -path '*/ssh-*' -type s"


@pytest.mark.parametrize("kind", ["trixie", "bookworm"])
def test_an_archive_equals_the_machine_in_everything(shared: Shared, callback: str, kind: str) -> None:
    appliance, machine, client = shared.appliance, shared.machine(kind), f"agent-{kind}"
    dig_holes(machine)
    appliance.add_client(client, machine, *SOURCES, "--method", "ssh-agent", "--callback", callback)
    assert appliance.borgpull("client", "probe", client).returncode == 0

    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    assert appliance.status(client)["state"] == "ok"
    (archive,) = appliance.archives(client)
    assert outside_archives(appliance, client) == [archive]
    assert_whole(appliance, machine, client, archive)
    assert_nothing_is_left(appliance, client, machine)
    assert_client_is_clean(machine)
    assert machine.exec("sh", "-c", _AGENT_SOCKETS).stdout == ""

    again = appliance.run(client)

    assert again.returncode == 0, again.stdout + again.stderr
    last = appliance.last_run(client)["archive"]
    assert last["deduplicated_size"] < last["original_size"] / 10
    assert len(appliance.archives(client)) == 2


def test_a_key_for_good_lets_the_same_client_in_again(shared: Shared, callback: str) -> None:
    appliance, client = shared.appliance, "agent-dedicated"
    options = ("--path", "/srv/tree/odd", "--method", "ssh-agent", "--callback", callback)
    appliance.add_client(client, shared.machine("trixie"), *options)
    file = f"/config/clients.d/{client}.toml"
    appliance.write_config(f"{appliance.read(file).rstrip()}\ndedicated_key = true\n", file)

    early = appliance.run(client)

    assert early.returncode == 3, early.stdout + early.stderr
    assert f"borgpull client setup {client}" in appliance.last_run(client)["message"]

    appliance.borgpull("client", "setup", client)
    key = appliance.read(f"/config/keys/{client}/id_ed25519_agent")
    first, second = appliance.run(client), appliance.run(client)

    assert (first.returncode, second.returncode) == (0, 0), first.stdout + second.stdout
    assert appliance.read(f"/config/keys/{client}/id_ed25519_agent") == key
