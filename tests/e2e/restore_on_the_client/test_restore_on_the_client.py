"""Way client: Borg on the machine brings everything back through its own channel, and nothing else changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.callback import free_address
from tests.e2e.harness.lease import close_lease, open_lease, restored
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.on_client import assert_client_is_clean
from tests.e2e.harness.whole import HOLES, SOURCES, dig_holes
from tests.lab.compare import differences

if TYPE_CHECKING:
    from tests.e2e.harness.machine import Machine
    from tests.e2e.harness.shared import Shared

SCENE = """
mkdir -p /srv/outside-{0} /srv/scene-{0}/home
cd /srv/outside-{0}; echo secret > canary; chmod 600 canary; touch -d 2001-02-03 canary .
cd /srv/scene-{0}/home; ln -s /srv/outside-{0}/canary link; ln -s /srv/outside-{0} folder; echo mine > file
mkdir sub; echo below > sub/file
chown -Rh alice:alice .; touch -h -d 2005-06-07 link folder file .
"""
# What a hostile user leaves in the way of a restore in place.
IN_THE_WAY = """
cd /srv/scene-{0}/home
rm -r file link folder sub
ln -s /srv/outside-{0}/canary file; ln /srv/outside-{0}/canary link; ln -s /srv/outside-{0} sub
"""
STATE = "cd /srv/outside-{0} && stat -c '%n %u:%g %a %Y' . canary && cat canary && ls -A"
RESTORED = "cd {0}/srv/scene-{1}/home && stat -c '%n %U %Y %F' link folder file"
THERE = """\
link alice 1118102400 symbolic link
folder alice 1118102400 symbolic link
file alice 1118102400 regular file
"""


def added(shared: Shared, name: str, kind: str, *options: str) -> Machine:
    """Back the whole tree of a machine up by its own Borg, and open the lease there."""
    machine = shared.machine(kind)
    dig_holes(machine)
    shared.appliance.add_client(name, machine, *SOURCES, *options)
    assert shared.appliance.run(name).returncode == 0
    open_lease(shared.appliance, name, machine)
    return machine


@pytest.mark.parametrize(
    ("kind", "method"),
    [("trixie", "socat"), ("bookworm", "socat"), ("trixie", "remote-forward"), ("trixie", "ssh-agent")],
)
def test_everything_comes_back_as_it_was(shared: Shared, kind: str, method: str) -> None:
    name = f"back-{method}-{kind}"
    called = ("--callback", free_address(shared.lab.network)) if method == "ssh-agent" else ()
    machine = added(shared, name, kind, "--method", method, *called)

    done = restored(shared.appliance, name, "--to", f"/srv/{name}")

    assert "by way client" in done.stderr
    assert "All that the archive holds comes back." in done.stderr
    copy = machine.manifest(f"/srv/{name}/srv/tree")
    assert differences(machine.manifest(), copy, ignore=frozenset({"sparse"})) == []
    assert differences(machine.manifest(HOLES), machine.manifest(f"/srv/{name}{HOLES}")) == []
    assert machine.exec("stat", "-c", "%U %a", f"/srv/{name}").stdout.split() == ["root", "700"]
    assert_nothing_is_left(shared.appliance, name, machine)
    assert_client_is_clean(machine)
    # What it may do on the way back is no more than on the way there: all archives are still good.
    assert shared.appliance.run(name).returncode == 0
    machine.exec("rm", "-rf", f"/srv/{name}")
    close_lease(name, machine)


@pytest.mark.parametrize("kind", ["trixie", "bookworm"])
def test_what_a_link_points_to_keeps_owner_mode_time_and_content(shared: Shared, kind: str) -> None:
    appliance, machine, name = shared.appliance, shared.machine(kind), f"scene-{kind}"
    machine.exec("sh", "-euc", SCENE.format(kind))
    appliance.add_client(name, machine, "--path", f"/srv/scene-{kind}", "--method", "socat")
    assert appliance.run(name).returncode == 0
    open_lease(appliance, name, machine)
    before = machine.exec("sh", "-euc", STATE.format(kind)).stdout

    for part in ((), tuple(f"srv/scene-{kind}/home/{one}" for one in ("link", "folder", "file"))):
        fresh = f"/srv/fresh-{kind}"
        restored(appliance, name, *part, "--to", fresh)
        assert machine.exec("sh", "-euc", STATE.format(kind)).stdout == before
        assert machine.exec("sh", "-euc", RESTORED.format(fresh, kind)).stdout == THERE
        machine.exec("rm", "-rf", fresh)

    machine.exec("sh", "-euc", IN_THE_WAY.format(kind))
    shown = restored(appliance, name, "--in-place", "--dry-run").stdout
    assert f"over srv/scene-{kind}/home/file" in shown
    done = restored(appliance, name, "--in-place", "--yes", code=1)
    assert f"a link stands at srv/scene-{kind}/home/sub on the client" in " ".join(done.stdout.split())
    assert machine.exec("sh", "-euc", STATE.format(kind)).stdout == before
    assert machine.exec("sh", "-euc", RESTORED.format("", kind)).stdout == THERE
    close_lease(name, machine)
    machine.exec("rm", "-rf", f"/srv/scene-{kind}", f"/srv/outside-{kind}")
