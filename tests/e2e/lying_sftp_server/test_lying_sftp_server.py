"""The promise: a client whose SFTP server never comes to an end fails within its bounds, and disturbs nobody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left

if TYPE_CHECKING:
    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.shared import Shared

_LIAR = Path(__file__).with_name("lying_sftp.py").read_text("utf-8")
_BOUNDS = 'timeout = "45s"\nmemory = "300M"\n'


def public_key(appliance: ApplianceUnderTest, client: str) -> str:
    return appliance.read(f"/config/keys/{client}/id_ed25519.pub").strip()


@pytest.mark.parametrize("lie", ["folder", "file"])
@pytest.mark.parametrize("listing", ["auto", "never"])
def test_what_never_ends_is_ended_and_leaves_no_archive(
    shared: Shared, start_machine: StartMachine, listing: str, lie: str
) -> None:
    appliance, machine, client = shared.appliance, start_machine("trixie", tree="none"), f"liar-{lie}-{listing}"
    appliance.add_client(client, machine, "--path", "/evil", listing=listing)
    file = f"/config/clients.d/{client}.toml"
    appliance.write_config(f"{appliance.read(file).rstrip()}\n{_BOUNDS}", file)
    machine.exec("sh", "-c", "cat > /usr/local/bin/lying-sftp", stdin=_LIAR)
    # Whatever the key asks for, the liar answers; to the listing too.
    lying = f'restrict,command="python3 /usr/local/bin/lying-sftp {lie}" {public_key(appliance, client)}'
    machine.forget_keys()
    machine.authorize(lying)

    done = appliance.run(client)

    assert done.returncode in (3, 4), done.stdout + done.stderr
    last = appliance.last_run(client)
    assert last["reason"] in ("timeout", "out_of_memory", "stalled", "connection_lost"), last
    assert appliance.json("archives", client) == []
    assert_nothing_is_left(appliance, client, machine, within=60)
