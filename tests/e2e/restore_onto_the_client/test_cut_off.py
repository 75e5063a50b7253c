"""A restore that is stopped, or loses its machine, in the middle: nothing is half there, and --resume goes on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.e2e.harness.engine import wait_beside
from tests.e2e.harness.lease import open_lease, restored
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.proxy import ProxyMachine
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

# At the proxy's pace there is a minute and a half between the first file and the last one.
MANY = "mkdir -p /srv/many && cd /srv/many && head -c 9000000 /dev/urandom | split -b 30000 -a 4 - file-"
BYTES_A_SECOND = 100_000
LOST_OVER_SFTP = frozenset({"hard_link", "sparse", "mtime_ns"})
WORDS = ("--way", "numeric", "--to", "/srv/goes-on")


def files_in(machine: Machine) -> int:
    return len(machine.exec("find", "/srv/goes-on", "-name", "file-*", check=False).stdout.splitlines())


def test_a_restore_goes_on_where_it_was_cut_off(shared: Shared) -> None:
    appliance, machine = shared.appliance, shared.machine("trixie")
    machine.exec("sh", "-euc", MANY)
    proxy = ProxyMachine(machine)
    appliance.add_client("cut", machine, "--path", "/srv/many", host=proxy.host)
    assert appliance.run("cut").returncode == 0
    open_lease(appliance, "cut", machine)
    proxy.tell("throttle", BYTES_A_SECOND)

    with ThreadPoolExecutor(1) as beside:
        going = beside.submit(restored, appliance, "cut", *WORDS, code=4)
        wait_beside(going, lambda: files_in(machine) > 0, within=120, what="the restore writes")
        appliance.borgpull("stop", "cut")
        going.result()
        assert appliance.last_run("cut")["reason"] == "stopped"
        assert machine.exec("find", "/srv/goes-on", "-name", ".borgpull-*").stdout == ""

        before = files_in(machine)
        going = beside.submit(restored, appliance, "cut", *WORDS, "--resume", code=3)
        wait_beside(going, lambda: files_in(machine) > before, within=120, what="the restore goes on")
        proxy.tell("cut")
        going.result()
    last = appliance.last_run("cut")
    assert last["reason"] == "connection_lost"
    assert "--resume" in last["message"]

    proxy.tell("calm")
    restored(appliance, "cut", *WORDS, "--resume")

    source, copy = machine.manifest("/srv/many"), machine.manifest("/srv/goes-on/srv/many")
    assert differences(source, copy, ignore=LOST_OVER_SFTP) == []
    assert_nothing_is_left(appliance, "cut", machine)
    machine.exec("rm", "-rf", "/srv/goes-on", "/srv/many")
    appliance.lab.sweep(f"{proxy.host}$")
