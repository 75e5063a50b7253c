"""A repository that plain Borg made is adopted without a change to its files, and backups go on in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside_archives

if TYPE_CHECKING:
    from tests.e2e.harness.shared import Shared

_SUMS = "cd /repos/veteran; find . -type f | sort | xargs sha256sum"
# As somebody did it for years, as root and with a passphrase of their own.
_YEARS = """
export BORG_PASSPHRASE=grandmother BORG_BASE_DIR=/tmp/years
borg init -e repokey /repos/veteran
for year in 2020 2021; do
    borg create --timestamp $year-06-01T12:00:00 /repos/veteran::laptop-$year /etc/hostname
done
rm -r /tmp/years
"""


def test_a_repository_of_plain_borg_is_adopted_and_gone_on_with(shared: Shared) -> None:
    appliance, machine = shared.appliance, shared.machine("trixie")
    appliance.add_client("veteran", machine, "--path", "/srv/tree/folder 0")
    appliance.shell(_YEARS)
    wrong = appliance.borgpull("import", "veteran", "--yes", check=False)
    assert wrong.returncode != 0
    assert "does not open the repository" in wrong.stderr
    appliance.shell("printf grandmother > /config/secrets/veteran/passphrase")
    before = appliance.shell(_SUMS).stdout

    done = appliance.borgpull("import", "veteran", "--yes")

    assert appliance.shell(_SUMS).stdout == before
    assert "2 archives of these are not called veteran-…" in done.stdout
    found = appliance.json("archives", "veteran")
    assert [(one["name"], one["in_ledger"], one["in_repository"]) for one in found] == [
        ("laptop-2020", True, True),
        ("laptop-2021", True, True),
    ]
    assert appliance.run("veteran").returncode == 0
    assert appliance.run("veteran", "--operation", "prune").returncode == 0
    names = outside_archives(appliance, "veteran")
    assert names[:2] == ["laptop-2020", "laptop-2021"]
    assert len(names) == 3
    assert_nothing_is_left(appliance, "veteran", machine)
    assert "has its repository already" in appliance.borgpull("import", "veteran", "--yes", check=False).stderr
