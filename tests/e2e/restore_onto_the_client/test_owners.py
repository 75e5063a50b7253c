"""The users have other numbers on the reinstalled machine: a part goes by their names, everything by the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.lease import open_lease, restored

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

REINSTALLED = """
sed -i 's/^alice:x:1000:1000:/alice:x:4001:4501:/' /etc/passwd
sed -i 's/^alice:x:1000:/alice:x:4501:/; s/^family:x:1500:/family:x:4502:/' /etc/group
sed -i '/^bob:/d' /etc/passwd
"""
OWNERS = "cd {0}/srv/house && stat -c '%n %u:%g' alices bobs link . | sort"


def test_a_part_goes_to_the_right_names_and_everything_to_the_right_numbers(shared: Shared) -> None:
    appliance, machine = shared.appliance, shared.machine("bookworm")
    machine.exec(
        "sh", "-euc",
        "mkdir -p /srv/house; cd /srv/house; echo a > alices; echo b > bobs; ln -s bobs link;"
        "chown alice:alice alices .; chown bob:family bobs; chown -h alice:family link",
    )  # fmt: skip
    appliance.add_client("house", machine, "--path", "/srv/house")
    assert appliance.run("house").returncode == 0
    open_lease(appliance, "house", machine, "--way", "tar")
    machine.exec("sh", "-euc", REINSTALLED)

    by_name = restored(appliance, "house", "srv/house", "--way", "chroot", "--to", "/srv/by-name", code=1)
    restored(appliance, "house", "--way", "numeric", "--to", "/srv/by-number")
    restored(appliance, "house", "srv/house", "--way", "tar", "--to", "/srv/tar-by-name")
    restored(appliance, "house", "--way", "tar", "--to", "/srv/tar-by-number")

    for place in ("/srv/by-name", "/srv/tar-by-name"):
        assert machine.exec("sh", "-c", OWNERS.format(place)).stdout.split("\n") == [
            ". 4001:4501", "alices 4001:4501", "bobs 1001:4502", "link 4001:4502", "",
        ]  # fmt: skip
    for place in ("/srv/by-number", "/srv/tar-by-number"):
        assert machine.exec("sh", "-c", OWNERS.format(place)).stdout.split("\n") == [
            ". 1000:1000", "alices 1000:1000", "bobs 1001:1500", "link 1000:1500", "",
        ]  # fmt: skip
    # Nobody is called bob any more, so his file keeps the number it had, and that is said.
    said = " ".join((by_name.stdout + by_name.stderr).split())
    assert "has these names; what was theirs has its old numbers: bob" in said
