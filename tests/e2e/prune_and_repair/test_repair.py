"""The promise: a good archive that is gone freezes everything, and `repair` brings it back or lets it go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.by_hand import borg_by_hand
from tests.e2e.harness.leftovers import assert_nothing_is_left
from tests.e2e.harness.outside import outside_archives, outside_borg

if TYPE_CHECKING:
    from tests.e2e.harness.appliance import ApplianceUnderTest
    from tests.e2e.harness.shared import Shared


def _robbed(shared: Shared, client: str) -> tuple[ApplianceUnderTest, list[str]]:
    """Return an appliance whose client has two good archives, the first of which somebody has deleted."""
    appliance = shared.appliance
    appliance.add_client(client, shared.machine("trixie"), "--path", "/srv/tree/folder 0")
    for _ in range(2):
        done = appliance.run(client)
        assert done.returncode == 0, done.stdout + done.stderr
    names = appliance.archives(client)
    borg_by_hand(appliance, client, f"delete ::{names[0]}")
    return appliance, names


@pytest.mark.parametrize("operation", ["create", "prune"])
def test_nothing_is_written_while_a_good_archive_is_missing(shared: Shared, operation: str) -> None:
    client = f"robbed-{operation}"
    appliance, names = _robbed(shared, client)
    before = appliance.shell(f"cd /repos/{client}; find data -type f | sort | xargs sha256sum").stdout

    done = appliance.run(client, "--operation", operation)

    assert done.returncode == 3, done.stdout + done.stderr
    run = appliance.last_run(client)
    assert (run["operation"], run["outcome"], run["reason"]) == (operation, "failed", "tampering")
    assert names[0] in run["message"]
    assert f"borgpull repair {client}" in run["message"]
    assert appliance.shell(f"cd /repos/{client}; find data -type f | sort | xargs sha256sum").stdout == before
    assert_nothing_is_left(appliance, client)


def test_repair_explains_and_rolls_back(shared: Shared) -> None:
    appliance, names = _robbed(shared, "repaired")

    explained = appliance.borgpull("repair", "repaired", check=False)
    told = appliance.json("repair", "repaired", check=False)

    assert explained.returncode == 3, explained.stdout + explained.stderr
    assert names[0] in explained.stdout
    assert "--roll-back" in explained.stdout
    assert [one["name"] for one in told["missing"]] == [names[0]]
    assert told["can_roll_back"]
    assert told["newer"]["segments"] > 0
    assert told["last_good"]["run_id"] == appliance.last_run("repaired")["run_id"]

    done = appliance.borgpull("repair", "repaired", "--roll-back", "--yes", check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert outside_archives(appliance, "repaired") == names
    assert outside_borg(appliance, "repaired", "check", "--verify-data").returncode == 0
    assert appliance.last_run("repaired")["operation"] == "repair"
    aside = appliance.shell("ls -d /repos/repaired/rolled-back-*").stdout.split()
    assert len(aside) == 1
    assert aside[0] in appliance.last_run("repaired")["message"]
    assert_nothing_is_left(appliance, "repaired")

    again = appliance.run("repaired")

    assert again.returncode == 0, again.stdout + again.stderr
    assert appliance.borgpull("repair", "repaired").returncode == 0


def test_what_was_deleted_on_purpose_can_be_let_go(shared: Shared) -> None:
    appliance, names = _robbed(shared, "let-go")

    done = appliance.borgpull("repair", "let-go", "--accept", "--yes", check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert appliance.last_run("let-go")["operation"] == "accept"
    assert names[0] in appliance.last_run("let-go")["message"]
    assert appliance.archives("let-go") == names[1:]
    again = appliance.run("let-go")
    assert again.returncode == 0, again.stdout + again.stderr


def test_after_a_compact_nothing_can_be_rolled_back_and_repair_says_so(shared: Shared) -> None:
    appliance, names = _robbed(shared, "compacted")
    borg_by_hand(appliance, "compacted", "compact --threshold 0")

    done = appliance.borgpull("repair", "compacted", "--roll-back", "--yes", check=False)

    assert done.returncode == 3, done.stdout + done.stderr
    assert "compacted after the last good run" in done.stderr
    assert outside_archives(appliance, "compacted") == names[1:]
