"""The promise: the holes of a large file cost next to nothing on the way, and the archive has exactly its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside
from tests.e2e.harness.proxy import ProxyMachine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import StartMachine
    from tests.e2e.harness.lab import Lab
    from tests.e2e.harness.shared import Shared
    from tests.e2e.harness.troubled import TroubledClient

MIB = 1 << 20
# In the client's memory: there the kernel knows holes, whatever the machine itself lies on.
_FOLDER = "/dev/shm/images"  # noqa: S108 - of the client's machine
# Two mebibytes of data at four places, the last of them at the very end, and 510 of holes.
_IMAGE = """
import os
os.makedirs("/dev/shm/images", exist_ok=True)
with open("/dev/shm/images/disk", "wb") as file:
    for mebibyte in (0, 100, 300):
        file.seek(mebibyte << 20)
        file.write(os.urandom(1 << 19))
    file.seek((512 << 20) - (1 << 19))
    file.write(os.urandom(1 << 19))
assert os.stat("/dev/shm/images/disk").st_blocks * 512 < 4 << 20
"""
_CONTENT = 'borg extract --stdout "::$1" dev/shm/images/disk | sha256sum'


# A client tells no holes of what was written to in the last two minutes. This one thinks that it is later.
_LATER = """
cat > /usr/local/bin/python3 <<'END'
#!/bin/sh
[ "$4" = holes ] && set -- -I -c "import time; now = time.time; time.time = lambda: now() + 300
$3" holes
exec /usr/bin/python3 "$@"
END
chmod 755 /usr/local/bin/python3
"""


# By SFTP alone nobody knows of a hole until a mebibyte of it has come, with what was asked for by then.
@pytest.mark.parametrize(
    ("listing", "are_told", "most"),
    [("require", True, 4 * MIB), ("require", False, 12 * MIB), ("auto", False, 24 * MIB)],
)
def test_a_file_of_holes_is_archived_and_little_crosses_the_wire(
    shared: Shared, start_machine: StartMachine, lab: Lab, listing: str, *, are_told: bool, most: int
) -> None:
    appliance, machine = shared.appliance, start_machine("trixie", tree="none")
    client = f"holes-{listing}{'-told' * are_told}"
    proxy = ProxyMachine(machine)
    machine.exec("python3", "-", stdin=_IMAGE)
    if are_told:
        machine.exec("sh", "-euc", _LATER)
    # The key of this moment is held to SFTP; only the one that is pasted later lists.
    appliance.add_client(client, machine, "--path", _FOLDER, host=proxy.host)
    appliance.shell(f"sed -i '/^\\[clients/a listing = \"{listing}\"' /config/clients.d/{client}.toml")
    if listing == "require":
        machine.forget_keys()
        machine.authorize(appliance.borgpull("client", "setup", client, "--key-line").stdout)

    before = proxy.tell("carried")
    run = appliance.run(client)

    assert run.returncode == 0, run.stdout + run.stderr
    assert proxy.tell("carried") - before < most
    (archive,) = appliance.archives(client)
    there = machine.exec("sha256sum", f"{_FOLDER}/disk").stdout.split()[0]
    assert outside(appliance, client, "sh", "-euc", _CONTENT, "sh", archive).stdout.split()[0] == there
    assert_nothing_is_left(appliance, client, machine)
    lab.sweep(f"{proxy.host}$")


@pytest.fixture
def listed(listed_client_with_an_archive: TroubledClient) -> Iterator[TroubledClient]:
    client = listed_client_with_an_archive
    # Little beside the rest of the tree: that it is gone afterwards must not look like a source that collapsed.
    client.machine.exec("truncate", "--size", "4M", "/srv/few/disk")
    yield client
    client.machine.exec("rm", "-f", "/srv/few/disk")
    client.settle()


def test_the_loss_of_the_session_for_holes_ends_the_run(listed: TroubledClient) -> None:
    run = listed.pull_slowly()

    listed.kill_inside("ssh *Compression=yes*")

    listed.assert_failed(run.result(timeout=120), "connection_lost")
    listed.calm()
    listed.recovers()
